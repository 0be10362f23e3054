import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Mutation, Query, Resolver, Root } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { JsonObject } from '../../../../kernel/graphql/scalars.js';
import { appLoader, findApp, listApps, listVersions, versionLoader } from '../store/apps-queries.js';
import type { AppsCommands } from '../usecases/apps-commands.js';
import { AppVersionEvent } from './apps-enums.js';
import {
  App,
  AppConnection,
  AppPayload,
  AppVersion,
  AppVersionConnection,
  AppVersionPayload,
  toApp,
  toVersion,
} from './catalogue-types.js';

const PAGE = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};
const VERSION_READ = 'apps.version.read';
const KEY = { nullable: true, description: 'One per logical mutation; a replay answers with the first result.' };

@InputType({ description: 'A new app of the catalogue.' })
class AppCreateInput {
  @Field(() => String, { description: 'Unique short name: 2 to 63 lower-case letters, digits and hyphens.' })
  slug!: string;
  @Field(() => String, { description: 'Its name for people.' })
  title!: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  summary?: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'A new version of an app.' })
class AppVersionRegisterInput {
  @Field(() => String, { description: 'The app, by its slug such as `jupyterlab`.' })
  appSlug!: string;
  @Field(() => JsonObject, { description: 'The manifest, at most 64 KiB. All its faults are answered at once.' })
  manifest!: Record<string, unknown>;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'A step of publication.' })
class AppVersionPromoteInput {
  @Field(() => ID, { description: 'The version.' })
  id!: string;
  @Field(() => AppVersionEvent, { description: 'The step.' })
  event!: string;
  @Field(() => String, { nullable: true, description: 'Why.' })
  reason?: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'The end of new use of a version.' })
class AppVersionRetireInput {
  @Field(() => ID, { description: 'The version.' })
  id!: string;
  @Field(() => String, { nullable: true, description: 'Why.' })
  reason?: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@Resolver(() => App)
export class AppResolver {
  readonly #commands: AppsCommands;

  constructor(commands: AppsCommands) {
    this.#commands = commands;
  }

  @Query(() => AppConnection, { description: 'The catalogue, by slug.' })
  @Tag('public')
  @ListSize(PAGE)
  async apps(@Args(() => PageArgs) page: PageArgs, @Ctx() context: RequestContext): Promise<Connection<App>> {
    context.requireSignIn();
    return toConnection(await listApps(context, page), toApp);
  }

  @Query(() => App, {
    nullable: true,
    description: 'One app of the catalogue; null when there is none with this slug.',
  })
  @Tag('public')
  async app(
    @Arg('slug', () => String, { description: 'Its name in addresses, such as `jupyterlab`.' }) slug: string,
    @Ctx() context: RequestContext,
  ): Promise<App | null> {
    context.requireSignIn();
    const row = await findApp(context, slug);
    return row === null ? null : toApp(row);
  }

  @FieldResolver(() => AppVersionConnection, {
    description: 'Its versions, newest first; unpublished ones only for those who may see them.',
  })
  @ListSize(PAGE)
  async versions(
    @Root() app: App,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AppVersion>> {
    const includesDrafts = await context.can(VERSION_READ, PLATFORM_SCOPE);
    return toConnection(await listVersions(context, app.id, page, { includesDrafts }), toVersion);
  }

  @Mutation(() => AppPayload, { description: 'Adds an app to the catalogue.' })
  @Tag('operator')
  @Access('apps.app.create')
  appCreate(
    @Arg('input', () => AppCreateInput, { description: 'The app.' }) input: AppCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<AppPayload> {
    return context.mutate(this.#commands.createApp, input, async ({ id }) => ({
      app: await resolveApp({ id }, context),
    }));
  }
}

@Resolver(() => AppVersion)
export class AppVersionResolver {
  readonly #commands: AppsCommands;

  constructor(commands: AppsCommands) {
    this.#commands = commands;
  }

  @Query(() => AppVersionConnection, {
    nullable: true,
    description: 'Versions of an app, newest first; null when there is no such app.',
  })
  @Tag('public')
  @ListSize(PAGE)
  async appVersions(
    @Arg('appSlug', () => String, { description: 'The app, by its slug such as `jupyterlab`.' }) appSlug: string,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AppVersion> | null> {
    context.requireSignIn();
    const app = await findApp(context, appSlug);
    if (app === null) return null;
    const includesDrafts = await context.can(VERSION_READ, PLATFORM_SCOPE);
    return toConnection(await listVersions(context, app.id, page, { includesDrafts }), toVersion);
  }

  @FieldResolver(() => App, { nullable: true, description: 'The app it is a version of.' })
  app(@Root() version: AppVersion, @Ctx() context: RequestContext): Promise<App | null> {
    return resolveApp({ id: version.appId }, context);
  }

  @Mutation(() => AppVersionPayload, { description: 'Registers a version as a draft.' })
  @Tag('operator')
  @Access('apps.version.register')
  appVersionRegister(
    @Arg('input', () => AppVersionRegisterInput, { description: 'The version.' }) input: AppVersionRegisterInput,
    @Ctx() context: RequestContext,
  ): Promise<AppVersionPayload> {
    return context.mutate(this.#commands.registerVersion, input, async ({ id }) => ({
      appVersion: await this.#changed(id, context),
    }));
  }

  @Mutation(() => AppVersionPayload, {
    description: 'Publishes a version one step further; its artifacts must be verified.',
  })
  @Tag('operator')
  @Access('apps.version.promote')
  appVersionPromote(
    @Arg('input', () => AppVersionPromoteInput, { description: 'The step.' }) input: AppVersionPromoteInput,
    @Ctx() context: RequestContext,
  ): Promise<AppVersionPayload> {
    return context.mutate(this.#commands.promoteVersion, input, async ({ id }) => ({
      appVersion: await this.#changed(id, context),
    }));
  }

  @Mutation(() => AppVersionPayload, { description: 'Ends new use of a version; what runs on it goes on.' })
  @Tag('operator')
  @Access('apps.version.retire')
  appVersionRetire(
    @Arg('input', () => AppVersionRetireInput, { description: 'The version.' }) input: AppVersionRetireInput,
    @Ctx() context: RequestContext,
  ): Promise<AppVersionPayload> {
    return context.mutate(this.#commands.retireVersion, input, async ({ id }) => ({
      appVersion: await this.#changed(id, context),
    }));
  }

  /** Who just changed a version may see it, published or not. */
  async #changed(id: string, context: RequestContext): Promise<AppVersion | null> {
    const row = await context.load(versionLoader, id);
    return row === null ? null : toVersion(row);
  }
}

export async function resolveApp(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<App | null> {
  const row = context.actor.kind === 'anonymous' ? null : await context.load(appLoader, String(reference['id']));
  return row === null ? null : toApp(row);
}

/** A version that was never launchable is seen by those who publish only. */
export async function resolveVersion(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<AppVersion | null> {
  const row = context.actor.kind === 'anonymous' ? null : await context.load(versionLoader, String(reference['id']));
  if (row === null) return null;
  const isPublished = row.state === 'active' || row.state === 'retired';
  return isPublished || (await context.can(VERSION_READ, PLATFORM_SCOPE)) ? toVersion(row) : null;
}
