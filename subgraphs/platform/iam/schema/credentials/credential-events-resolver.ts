import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
  createUnionType,
} from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../../kernel/federation/directives.js';
import { PlatformError } from '../../../../../kernel/errors/platform-error.js';
import { DomainEvent, domainEvents, pastEvents } from '../../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../../kernel/graphql/scalars.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { READ_SERVICE_ACCOUNTS } from '../../store/credentials/credential-queries.js';
import { resolveProject } from '../hierarchy-resolver.js';
import { ApiKey } from './api-key-types.js';
import { resolveApiKey } from './api-key-resolver.js';
import { resolveServiceAccount, resolveServiceAccountKey } from './service-account-resolver.js';
import { ServiceAccount, ServiceAccountKey } from './service-account-types.js';
import { resolveSshKey } from './ssh-key-resolver.js';
import { SshKey } from './ssh-key-types.js';

const TYPES = ['iam.service_account.', 'iam.service_account_key.', 'iam.token.', 'iam.api_key.', 'iam.ssh_key.'];

type Subject = ServiceAccount | ServiceAccountKey | ApiKey | SshKey;

export const CredentialEventSubject = createUnionType({
  name: 'CredentialEventSubject',
  description: 'What an event of credentials is about.',
  types: () => [ServiceAccount, ServiceAccountKey, ApiKey, SshKey] as const,
  resolveType: (value) => (value as { __typename?: string }).__typename,
});

type SubjectResolver = (reference: { id: string }, context: RequestContext) => Promise<Subject | null>;

const RESOLVERS: ReadonlyMap<string, SubjectResolver> = new Map<string, SubjectResolver>([
  ['ServiceAccount', resolveServiceAccount],
  ['ServiceAccountKey', resolveServiceAccountKey],
  ['ApiKey', resolveApiKey],
  ['SshKey', resolveSshKey],
]);

@ObjectType({ description: "Something that happened to a project's service accounts, keys or tokens." })
@Tag('public')
export class CredentialEvent extends DomainEvent {
  @Field(() => CredentialEventSubject, {
    nullable: true,
    description: 'The account or key, as it is now; null when it is gone or you may not see it.',
  })
  subject!: Subject | null;
}

interface StreamArguments {
  readonly projectId: string;
  readonly after?: string;
}

/** The project as a scope. A project that the caller may not read is as good as none. */
async function scopeOfProject(projectId: string, context: RequestContext): Promise<Scope> {
  context.requireSignIn();
  const project = await resolveProject({ id: projectId }, context);
  if (project === null) throw new PlatformError('NOT_FOUND', 'The thing that was named does not exist.');
  return { level: 'project', id: projectId, organizationId: project.organizationId };
}

async function openStream(args: StreamArguments, context: RequestContext): Promise<AsyncIterableIterator<DomainEvent>> {
  const scope = await scopeOfProject(args.projectId, context);
  const filter = { types: TYPES, projectId: args.projectId };
  return domainEvents(context.stream({ permission: READ_SERVICE_ACCOUNTS, scope, filter, after: args.after }));
}

@Resolver(() => CredentialEvent)
export class CredentialEventResolver {
  @Subscription(() => CredentialEvent, {
    description:
      "Streams what happens to a project's service accounts, keys and tokens, from after a cursor or from now on.",
    subscribe: ({ args, context }) => openStream(args as StreamArguments, context as RequestContext),
  })
  @Tag('public')
  credentialEvents(
    @Arg('projectId', () => ID, { description: 'The project, by its TypeID (`prj_…`).' }) _projectId: string,
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): CredentialEvent {
    return event as CredentialEvent;
  }

  @Query(() => [CredentialEvent], {
    name: 'credentialEvents',
    description: 'The same events as history, oldest first.',
  })
  @Tag('public')
  @Access(READ_SERVICE_ACCOUNTS)
  @ListSize({ assumedSize: 50, slicingArguments: ['first'] })
  async credentialHistory(
    @Arg('projectId', () => ID, { description: 'The project, by its TypeID (`prj_…`).' }) projectId: string,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<CredentialEvent[]> {
    await context.require(READ_SERVICE_ACCOUNTS, await scopeOfProject(projectId, context));
    return pastEvents(context, { types: TYPES, projectId }, { after, first });
  }

  @FieldResolver(() => CredentialEventSubject, { nullable: true })
  async subject(@Root() event: CredentialEvent, @Ctx() context: RequestContext): Promise<Subject | null> {
    const { subjectId, subjectType } = event;
    if (subjectId === null || subjectType === null) return null;
    const subject = (await RESOLVERS.get(subjectType)?.({ id: subjectId }, context)) ?? null;
    return subject === null ? null : Object.assign(subject, { __typename: subjectType });
  }
}
