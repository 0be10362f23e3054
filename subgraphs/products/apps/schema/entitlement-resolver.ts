import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { entitlementLoader, listEntitlements } from '../store/apps-queries.js';
import type { AppsCommands } from '../usecases/apps-commands.js';
import { resolveApp } from './catalogue-resolver.js';
import {
  App,
  AppEntitlement,
  AppEntitlementConnection,
  AppEntitlementPayload,
  Project,
  toEntitlement,
} from './catalogue-types.js';

@InputType({ description: 'An app and a project.' })
class AppEntitlementInput {
  @Field(() => ID, { description: 'The project, by its TypeID (`prj_…`).' })
  projectId!: string;
  @Field(() => String, { description: 'The app, by its slug such as `jupyterlab`.' })
  appSlug!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@Resolver(() => AppEntitlement)
export class EntitlementResolver {
  readonly #commands: AppsCommands;

  constructor(commands: AppsCommands) {
    this.#commands = commands;
  }

  @Query(() => AppEntitlementConnection, {
    description: 'Which apps a project may launch, or might once; empty where the caller may not see it.',
  })
  @Tag('public')
  @Access('apps.entitlement.read')
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async appEntitlements(
    @Arg('projectId', () => ID, { description: 'The project, by its TypeID (`prj_…`).' }) projectId: string,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AppEntitlement>> {
    context.requireSignIn();
    return toConnection(await listEntitlements(context, projectId, page), toEntitlement);
  }

  @FieldResolver(() => App, { nullable: true, description: 'What the project may launch.' })
  app(@Root() entitlement: AppEntitlement, @Ctx() context: RequestContext): Promise<App | null> {
    return resolveApp({ id: entitlement.appId }, context);
  }

  @FieldResolver(() => Project, { nullable: true, description: 'Who may launch it.' })
  project(@Root() entitlement: AppEntitlement): Project {
    return { id: entitlement.projectId };
  }

  @Mutation(() => AppEntitlementPayload, { description: 'Enables an app for a project.' })
  @Tag('public')
  @Access('apps.entitlement.enable')
  appEnable(
    @Arg('input', () => AppEntitlementInput, { description: 'App and project.' }) input: AppEntitlementInput,
    @Ctx() context: RequestContext,
  ): Promise<AppEntitlementPayload> {
    return context.mutate(this.#commands.enableApp, input, async ({ id }) => ({
      entitlement: await resolveEntitlement({ id }, context),
    }));
  }

  @Mutation(() => AppEntitlementPayload, {
    description: 'Disables an app for a project: ends new launches; what runs goes on.',
  })
  @Tag('public')
  @Access('apps.entitlement.disable')
  appDisable(
    @Arg('input', () => AppEntitlementInput, { description: 'App and project.' }) input: AppEntitlementInput,
    @Ctx() context: RequestContext,
  ): Promise<AppEntitlementPayload> {
    return context.mutate(this.#commands.disableApp, input, async ({ id }) => ({
      entitlement: await resolveEntitlement({ id }, context),
    }));
  }
}

export async function resolveEntitlement(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<AppEntitlement | null> {
  const row = await context.load(entitlementLoader, String(reference['id']));
  return row === null ? null : toEntitlement(row);
}
