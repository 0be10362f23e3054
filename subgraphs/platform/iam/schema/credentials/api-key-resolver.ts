import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../../kernel/graphql/request-context.js';
import { PlatformError } from '../../../../../kernel/errors/platform-error.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import { READ_API_KEYS, apiKeyLoader, listApiKeys } from '../../store/credentials/credential-queries.js';
import type { CredentialCommands } from '../../usecases/credentials/credential-commands.js';
import { revokeApiKey, revokeOwnApiKey } from '../../usecases/credentials/revoke-api-key.js';
import { givenFields } from '../given-fields.js';
import { PAGE, resolveProject } from '../hierarchy-resolver.js';
import { Project } from '../project-type.js';
import {
  ApiKey,
  ApiKeyConnection,
  ApiKeyCreateInput,
  ApiKeyPayload,
  ApiKeyRevokeInput,
  toApiKey,
} from './api-key-types.js';
import { disclosure } from './credential-enums.js';

@ArgsType()
class ApiKeysArgs extends PageArgs {
  @Field(() => ID, { description: 'The project, by its TypeID (`prj_…`).' })
  projectId!: string;
}

export async function resolveApiKey(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<ApiKey | null> {
  const row = await context.load(apiKeyLoader, String(reference.id));
  return row === null ? null : toApiKey(row);
}

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  readonly #commands: CredentialCommands;
  readonly #access: PrincipalAccess;
  readonly #afterRevocation: () => Promise<void>;

  constructor(dependencies: {
    commands: CredentialCommands;
    access: PrincipalAccess;
    afterRevocation: () => Promise<void>;
  }) {
    this.#commands = dependencies.commands;
    this.#access = dependencies.access;
    this.#afterRevocation = dependencies.afterRevocation;
  }

  @Query(() => ApiKeyConnection, {
    description: "API keys of a project, newest first: everybody's with `iam.api_key.read` there, else your own.",
  })
  @Tag('public')
  @ListSize(PAGE)
  async apiKeys(
    @Args(() => ApiKeysArgs) args: ApiKeysArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ApiKey>> {
    context.requireSignIn();
    const place = await this.#access.project(args.projectId);
    const isReader = place !== null && (await context.can(READ_API_KEYS, place.scope));
    if (!isReader && context.actor.kind === 'api_key')
      throw new PlatformError('FORBIDDEN', 'An API key cannot list the keys of its owner.');
    const filter = { projectId: args.projectId, ownerId: isReader ? null : context.actor.id };
    return toConnection(await listApiKeys(context, filter, args), toApiKey);
  }

  @Mutation(() => ApiKeyPayload, {
    description: 'Makes an API key that acts for you in a project. The key is in this answer and never again.',
  })
  @Tag('public')
  @Access('iam.api_key.create')
  apiKeyCreate(
    @Arg('input', () => ApiKeyCreateInput, { description: 'The key.' }) input: ApiKeyCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ApiKeyPayload> {
    return context.mutate(this.#commands.createApiKey, givenFields(input), async (value, reveal) => ({
      apiKey: await resolveApiKey(value, context),
      ...disclosure(reveal, true),
    }));
  }

  @Mutation(() => ApiKeyPayload, {
    description: "Revokes an API key: your own, or with `iam.api_key.revoke` anybody's in the project.",
  })
  @Tag('public')
  async apiKeyRevoke(
    @Arg('input', () => ApiKeyRevokeInput, { description: 'Which.' }) { id }: ApiKeyRevokeInput,
    @Ctx() context: RequestContext,
  ): Promise<ApiKeyPayload> {
    context.requireSignIn();
    const row = await context.load(apiKeyLoader, id);
    const command = row?.ownerId === context.actor.id ? revokeOwnApiKey : revokeApiKey;
    // A fresh context: the loader remembers the key as it was.
    const payload = await context.mutate(command, { id }, async (value) => ({
      apiKey: await resolveApiKey(value, context.fresh()),
    }));
    await this.#afterRevocation();
    return payload;
  }

  @FieldResolver(() => Project, { nullable: true, description: 'The project it acts in.' })
  project(@Root() key: ApiKey, @Ctx() context: RequestContext): Promise<Project | null> {
    return resolveProject({ id: key.projectId }, context);
  }
}
