import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { Database } from '../../../../kernel/database/database.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { builtInRole } from '../domain/access/built-in-roles.js';
import type { SnapshotStore } from '../store/access/snapshot-store.js';
import {
  USER,
  type UserRecord,
  builtInRoleRecords,
  customRoleLoader,
  groupLoader,
  listCustomRoles,
  listGroups,
  listUsers,
  userLoader,
} from '../store/principal-queries.js';
import { PAGE, resolveOrganization } from './hierarchy-resolver.js';
import { Organization } from './organization-type.js';
import {
  Group,
  GroupConnection,
  Role,
  RoleConnection,
  User,
  UserConnection,
  toGroup,
  toRole,
  toUser,
} from './user-type.js';

@ArgsType()
class OfOrganizationArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only those of this organization.' })
  organizationId?: string;
}

@ArgsType()
class MembersArgs extends PageArgs {
  @Field(() => ID, { description: 'The organization whose members are listed.' })
  organizationId!: string;
}

type Reference = { readonly [key: string]: unknown };

export async function resolveUser(reference: Reference, context: RequestContext): Promise<User | null> {
  const row = await context.load(userLoader, String(reference.id));
  return row === null ? null : toUser(row);
}

export async function resolveGroup(reference: Reference, context: RequestContext): Promise<Group | null> {
  const row = await context.load(groupLoader, String(reference.id));
  return row === null ? null : toGroup(row);
}

/** Roles of both kinds. */
export class RoleReader {
  readonly #snapshots: SnapshotStore;

  constructor(snapshots: SnapshotStore) {
    this.#snapshots = snapshots;
  }

  async role(id: string, context: RequestContext): Promise<Role | null> {
    if (builtInRole(id) !== null) return this.builtIn().find((role) => role.id === id) ?? null;
    const row = await context.load(customRoleLoader, id);
    return row === null ? null : toRole(row);
  }

  builtIn(): Role[] {
    return builtInRoleRecords(this.#snapshots.catalogue).map(toRole);
  }
}

@Resolver(() => User)
export class UserResolver {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  @Query(() => User, { nullable: true, description: 'The person who asks; null for machines.' })
  @Tag('public')
  async me(@Ctx() context: RequestContext): Promise<User | null> {
    context.requireSignIn();
    const { actor } = context;
    if (actor.kind !== 'human') return null;
    // One's own row shows even to those who are in no organization.
    const row = await this.#database.read('system', (tx) =>
      tx.row<UserRecord>(`select ${USER} from iam.users t where t.id = $1`, [actor.id]),
    );
    return row === null ? null : toUser(row);
  }

  @Query(() => UserConnection, { description: 'Members of an organization, those who joined the platform last first.' })
  @Tag('public')
  @ListSize(PAGE)
  async users(@Args(() => MembersArgs) args: MembersArgs, @Ctx() context: RequestContext): Promise<Connection<User>> {
    return toConnection(await listUsers(context, args), toUser);
  }
}

@Resolver(() => Group)
export class GroupResolver {
  @Query(() => GroupConnection, { description: 'Groups that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async groups(
    @Args(() => OfOrganizationArgs) args: OfOrganizationArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Group>> {
    return toConnection(await listGroups(context, args), toGroup);
  }

  @FieldResolver(() => Organization, {
    nullable: true,
    description: 'The organization that it belongs to; null for a group of the platform.',
  })
  async organization(@Root() group: Group, @Ctx() context: RequestContext): Promise<Organization | null> {
    return group.organizationId === null ? null : resolveOrganization({ id: group.organizationId }, context);
  }
}

@Resolver(() => Role)
export class RoleResolver {
  readonly #roles: RoleReader;

  constructor(roles: RoleReader) {
    this.#roles = roles;
  }

  @Query(() => [Role], { description: 'The built-in roles and what each may do now; the same for everybody.' })
  @Tag('public')
  @ListSize({ assumedSize: 11 })
  async builtInRoles(@Ctx() context: RequestContext): Promise<Role[]> {
    context.requireSignIn();
    return this.#roles.builtIn();
  }

  @Query(() => RoleConnection, {
    description: 'Roles that organizations made, newest first. `builtInRoles` has the others.',
  })
  @Tag('public')
  @ListSize(PAGE)
  async roles(
    @Args(() => OfOrganizationArgs) args: OfOrganizationArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Role>> {
    return toConnection(await listCustomRoles(context, args), toRole);
  }

  @FieldResolver(() => Organization, {
    nullable: true,
    description: 'The organization that made it; null for a built-in role.',
  })
  async organization(@Root() role: Role, @Ctx() context: RequestContext): Promise<Organization | null> {
    return role.organizationId === null ? null : resolveOrganization({ id: role.organizationId }, context);
  }
}
