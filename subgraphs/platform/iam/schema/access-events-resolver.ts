import {
  Arg,
  Ctx,
  FieldResolver,
  ID,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
  Field,
  createUnionType,
} from 'type-graphql';
import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import { organizationScope } from '../store/hierarchy-queries.js';
import { RoleBinding } from './grant-types.js';
import { resolveRoleBinding } from './grant-resolver.js';
import { resolveDepartment, resolveOrganization, resolveProject } from './hierarchy-resolver.js';
import { Department, Organization } from './organization-type.js';
import { type RoleReader, resolveGroup, resolveUser } from './principal-resolver.js';
import { Project } from './project-type.js';
import { Group, Role, User } from './user-type.js';

const READ_ACCESS = 'iam.access.read';
const READ_ORGANIZATION = 'iam.organization.read';
const ACCESS_TYPES = [
  'iam.member.',
  'iam.group.',
  'iam.role.',
  'iam.role_binding.',
  'iam.user.',
  'iam.quota.',
  'iam.policy.',
];
const ORGANIZATION_TYPES = ['iam.organization.', 'iam.department.', 'iam.project.'];

export const AccessEventSubject = createUnionType({
  name: 'AccessEventSubject',
  description: 'What an event of access is about.',
  types: () => [User, Group, Role, RoleBinding] as const,
  resolveType: (value) => (value as { __typename?: string }).__typename,
});

export const HierarchyEventSubject = createUnionType({
  name: 'OrganizationEventSubject',
  description: 'What an event of the hierarchy is about.',
  types: () => [Organization, Department, Project] as const,
  resolveType: (value) => (value as { __typename?: string }).__typename,
});

@ObjectType({ description: 'Something that changed who may do what.' })
@Tag('public')
export class AccessEvent extends DomainEvent {
  @Field(() => AccessEventSubject, {
    nullable: true,
    description: 'The user, group, role or binding, as it is now; null when it is gone, or for quotas and policies.',
  })
  subject!: User | Group | Role | RoleBinding | null;
}

@ObjectType({ description: 'Something that happened to an organization, a department or a project.' })
@Tag('public')
export class OrganizationEvent extends DomainEvent {
  @Field(() => HierarchyEventSubject, {
    nullable: true,
    description: 'The organization, department or project, as it is now.',
  })
  subject!: Organization | Department | Project | null;
}

function scopeOrPlatform(organizationId: string | undefined | null): Scope {
  return organizationId == null ? PLATFORM_SCOPE : organizationScope(organizationId);
}

function filterOf(types: string[], organizationId: string | undefined | null) {
  return organizationId == null ? { types } : { types, organizationId };
}

type StreamArgs = { organizationId?: string; after?: string };

@Resolver(() => AccessEvent)
export class AccessEventResolver {
  readonly #roles: RoleReader;

  constructor(roles: RoleReader) {
    this.#roles = roles;
  }

  @Subscription(() => AccessEvent, {
    description:
      'Streams changes of access in an organization (or, without one, everywhere: for operators), from after a cursor or from now on.',
    subscribe: ({ args, context }) => {
      const { organizationId, after } = args as StreamArgs;
      const options = {
        permission: READ_ACCESS,
        scope: scopeOrPlatform(organizationId),
        filter: filterOf(ACCESS_TYPES, organizationId),
        after,
      };
      return domainEvents((context as RequestContext).stream(options));
    },
  })
  @Tag('public')
  accessEvents(
    @Arg('organizationId', () => ID, { nullable: true, description: 'The organization, by its TypeID (`org_…`).' })
    _organizationId: string | undefined,
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): AccessEvent {
    return event as AccessEvent;
  }

  @Query(() => [AccessEvent], { name: 'accessEvents', description: 'The same events as history, oldest first.' })
  @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
  @Tag('public')
  @Access(READ_ACCESS)
  async accessHistory(
    @Arg('organizationId', () => ID, { nullable: true, description: 'The organization, by its TypeID (`org_…`).' })
    organizationId: string | undefined,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<AccessEvent[]> {
    await context.require(READ_ACCESS, scopeOrPlatform(organizationId));
    return pastEvents(context, filterOf(ACCESS_TYPES, organizationId), { after, first });
  }

  @FieldResolver(() => AccessEventSubject, { nullable: true })
  async subject(@Root() event: AccessEvent, @Ctx() context: RequestContext): Promise<object | null> {
    const { subjectId, subjectType } = event;
    if (subjectId === null || subjectType === null) return null;
    const found = await this.#load(subjectType, subjectId, context);
    return found === null ? null : Object.assign(found, { __typename: subjectType });
  }

  async #load(type: string, id: string, context: RequestContext): Promise<object | null> {
    if (type === 'User') return resolveUser({ id }, context);
    if (type === 'Group') return resolveGroup({ id }, context);
    if (type === 'Role') return this.#roles.role(id, context);
    if (type === 'RoleBinding') return resolveRoleBinding({ id }, context);
    return null;
  }
}

@Resolver(() => OrganizationEvent)
export class OrganizationEventResolver {
  @Subscription(() => OrganizationEvent, {
    description:
      'Streams what happens to an organization, its departments and projects (without one: to all, for operators).',
    subscribe: ({ args, context }) => {
      const { organizationId, after } = args as StreamArgs;
      const options = {
        permission: READ_ORGANIZATION,
        scope: scopeOrPlatform(organizationId),
        filter: filterOf(ORGANIZATION_TYPES, organizationId),
        after,
      };
      return domainEvents((context as RequestContext).stream(options));
    },
  })
  @Tag('public')
  organizationEvents(
    @Arg('organizationId', () => ID, { nullable: true, description: 'The organization, by its TypeID (`org_…`).' })
    _organizationId: string | undefined,
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): OrganizationEvent {
    return event as OrganizationEvent;
  }

  @Query(() => [OrganizationEvent], {
    name: 'organizationEvents',
    description: 'The same events as history, oldest first.',
  })
  @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
  @Tag('public')
  @Access(READ_ORGANIZATION)
  async organizationHistory(
    @Arg('organizationId', () => ID, { nullable: true, description: 'The organization, by its TypeID (`org_…`).' })
    organizationId: string | undefined,
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<OrganizationEvent[]> {
    await context.require(READ_ORGANIZATION, scopeOrPlatform(organizationId));
    return pastEvents(context, filterOf(ORGANIZATION_TYPES, organizationId), { after, first });
  }

  @FieldResolver(() => HierarchyEventSubject, { nullable: true })
  async subject(@Root() event: OrganizationEvent, @Ctx() context: RequestContext): Promise<object | null> {
    const { subjectId: id, subjectType } = event;
    if (id === null || subjectType === null) return null;
    const found =
      subjectType === 'Organization'
        ? await resolveOrganization({ id }, context)
        : subjectType === 'Department'
          ? await resolveDepartment({ id }, context)
          : await resolveProject({ id }, context);
    return found === null ? null : Object.assign(found, { __typename: subjectType });
  }
}
