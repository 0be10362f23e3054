import { Arg, Args, Ctx, Field, ID, InputType, Mutation, Query, Resolver } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import type { Command } from '../../../../kernel/commands/command.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { artifactLoader, listArtifacts } from '../store/apps-queries.js';
import type { AppsCommands } from '../usecases/apps-commands.js';
import { ArtifactChannel, ArtifactKind, ArtifactSourceType } from './apps-enums.js';
import { Artifact, ArtifactConnection, ArtifactPayload, toArtifact } from './catalogue-types.js';

const READ = 'apps.artifact.read';
const KEY = { nullable: true, description: 'One per logical mutation; a replay answers with the first result.' };

@InputType({ description: 'A new artifact.' })
class ArtifactRegisterInput {
  @Field(() => String, { description: 'Host and path, without scheme, tag or credentials.' })
  repository!: string;
  @Field(() => String, { description: 'Canonical digest: `sha256:` and 64 lower-case hexadecimal digits.' })
  digest!: string;
  @Field(() => ArtifactKind, { description: 'What it is.' })
  artifactKind!: string;
  @Field(() => ArtifactSourceType, { description: 'What kind of place it comes from.' })
  sourceType!: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'An artifact that is judged.' })
class ArtifactVerifyInput {
  @Field(() => ID, { description: 'The artifact.' })
  id!: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'An artifact that is promoted.' })
class ArtifactPromoteInput extends ArtifactVerifyInput {
  @Field(() => ArtifactChannel, { description: 'The channel; it only climbs.' })
  channel!: string;
}

@InputType({ description: 'The end of new use of an artifact.' })
class ArtifactEndInput extends ArtifactVerifyInput {
  @Field(() => String, { nullable: true, description: 'Why.' })
  reason?: string;
}

@InputType({ description: 'Trust that is taken back.' })
class ArtifactRevokeInput extends ArtifactVerifyInput {
  @Field(() => String, { description: 'Why.' })
  reason!: string;
}

@Resolver(() => Artifact)
export class ArtifactResolver {
  readonly #commands: AppsCommands;

  constructor(commands: AppsCommands) {
    this.#commands = commands;
  }

  @Query(() => ArtifactConnection, { description: 'Artifacts, newest first.' })
  @Tag('operator')
  @Access(READ)
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async artifacts(@Args(() => PageArgs) page: PageArgs, @Ctx() context: RequestContext): Promise<Connection<Artifact>> {
    await context.require(READ, PLATFORM_SCOPE);
    return toConnection(await listArtifacts(context, page), toArtifact);
  }

  @Mutation(() => ArtifactPayload, { description: 'Registers an artifact by its digest.' })
  @Tag('operator')
  @Access('apps.artifact.register')
  artifactRegister(
    @Arg('input', () => ArtifactRegisterInput, { description: 'The artifact.' }) input: ArtifactRegisterInput,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactPayload> {
    return this.#run(this.#commands.registerArtifact, input, context);
  }

  @Mutation(() => ArtifactPayload, { description: 'Judges an artifact: it ends as verified or as failed.' })
  @Tag('operator')
  @Access('apps.artifact.verify')
  artifactVerify(
    @Arg('input', () => ArtifactVerifyInput, { description: 'The artifact.' }) input: ArtifactVerifyInput,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactPayload> {
    return this.#run(this.#commands.verifyArtifact, input, context);
  }

  @Mutation(() => ArtifactPayload, { description: 'Promotes a verified artifact to a channel.' })
  @Tag('operator')
  @Access('apps.artifact.promote')
  artifactPromote(
    @Arg('input', () => ArtifactPromoteInput, { description: 'The promotion.' }) input: ArtifactPromoteInput,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactPayload> {
    return this.#run(this.#commands.promoteArtifact, input, context);
  }

  @Mutation(() => ArtifactPayload, { description: 'Deprecates a promoted artifact: refused for new use.' })
  @Tag('operator')
  @Access('apps.artifact.deprecate')
  artifactDeprecate(
    @Arg('input', () => ArtifactEndInput, { description: 'The artifact.' }) input: ArtifactEndInput,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactPayload> {
    return this.#run(this.#commands.deprecateArtifact, input, context);
  }

  @Mutation(() => ArtifactPayload, { description: 'Retires a deprecated artifact.' })
  @Tag('operator')
  @Access('apps.artifact.retire')
  artifactRetire(
    @Arg('input', () => ArtifactEndInput, { description: 'The artifact.' }) input: ArtifactEndInput,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactPayload> {
    return this.#run(this.#commands.retireArtifact, input, context);
  }

  @Mutation(() => ArtifactPayload, {
    description: 'Takes trust back: refused for new use from now on; what runs is not touched.',
  })
  @Tag('operator')
  @Access('apps.artifact.revoke')
  artifactRevoke(
    @Arg('input', () => ArtifactRevokeInput, { description: 'The artifact.' }) input: ArtifactRevokeInput,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactPayload> {
    return this.#run(this.#commands.revokeArtifact, input, context);
  }

  #run(
    command: Command<never, { id: string }> | object,
    input: unknown,
    context: RequestContext,
  ): Promise<ArtifactPayload> {
    return context.mutate(command as Command<never, { id: string }>, input, async ({ id }) => ({
      artifact: await load(id, context),
    }));
  }
}

async function load(id: string, context: RequestContext): Promise<Artifact | null> {
  const row = await context.load(artifactLoader, id);
  return row === null ? null : toArtifact(row);
}

export async function resolveArtifact(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Artifact | null> {
  return (await context.can(READ, PLATFORM_SCOPE)) ? load(String(reference['id']), context) : null;
}
