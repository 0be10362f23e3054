import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import {
  listPolicyValues,
  listQuotas,
  listRoleBindings,
  policyValueLoader,
  quotaLoader,
  roleBindingLoader,
} from '../store/grant-queries.js';
import {
  PolicyValue,
  PolicyValueConnection,
  Quota,
  QuotaConnection,
  RoleBinding,
  RoleBindingConnection,
  toPolicyValue,
  toQuota,
  toRoleBinding,
} from './grant-types.js';
import { PAGE, resolveProject } from './hierarchy-resolver.js';
import { type RoleReader, resolveGroup, resolveUser } from './principal-resolver.js';
import { Project } from './project-type.js';
import { Group, Role, User } from './user-type.js';

@ArgsType()
class OfScopeArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only those of this organization, at any scope in it.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'Only those at exactly this scope.' })
  scopeId?: string;
}

@ArgsType()
class RoleBindingsArgs extends OfScopeArgs {
  @Field(() => ID, { nullable: true, description: 'Only those of this principal.' })
  principalId?: string;
}

@ArgsType()
class QuotasArgs extends OfScopeArgs {
  @Field(() => String, { nullable: true, description: 'Only this dimension.' })
  dimension?: string;
}

@ArgsType()
class PoliciesArgs extends OfScopeArgs {
  @Field(() => String, { nullable: true, description: 'Only this key.' })
  key?: string;
}

type Reference = { readonly [key: string]: unknown };

export async function resolveRoleBinding(reference: Reference, context: RequestContext): Promise<RoleBinding | null> {
  const row = await context.load(roleBindingLoader, String(reference.id));
  return row === null ? null : toRoleBinding(row);
}

export async function resolveQuota(reference: Reference, context: RequestContext): Promise<Quota | null> {
  const row = await context.load(quotaLoader, String(reference.id));
  return row === null ? null : toQuota(row);
}

export async function resolvePolicyValue(reference: Reference, context: RequestContext): Promise<PolicyValue | null> {
  const row = await context.load(policyValueLoader, String(reference.id));
  return row === null ? null : toPolicyValue(row);
}

@Resolver(() => RoleBinding)
export class RoleBindingResolver {
  readonly #roles: RoleReader;

  constructor(roles: RoleReader) {
    this.#roles = roles;
  }

  @Query(() => RoleBindingConnection, { description: 'Role bindings in force that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async roleBindings(
    @Args(() => RoleBindingsArgs) args: RoleBindingsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<RoleBinding>> {
    return toConnection(await listRoleBindings(context, args), toRoleBinding);
  }

  @FieldResolver(() => Role, { nullable: true, description: 'The role; null when the caller may not read it.' })
  async role(@Root() binding: RoleBinding, @Ctx() context: RequestContext): Promise<Role | null> {
    return this.#roles.role(binding.roleId, context);
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: 'The principal, when it is a person that the caller may read.',
  })
  async user(@Root() binding: RoleBinding, @Ctx() context: RequestContext): Promise<User | null> {
    return binding.principalType === 'human' ? resolveUser({ id: binding.principalId }, context) : null;
  }

  @FieldResolver(() => Group, {
    nullable: true,
    description: 'The principal, when it is a group that the caller may read.',
  })
  async group(@Root() binding: RoleBinding, @Ctx() context: RequestContext): Promise<Group | null> {
    return binding.principalType === 'group' ? resolveGroup({ id: binding.principalId }, context) : null;
  }
}

@Resolver(() => Quota)
export class QuotaResolver {
  @Query(() => QuotaConnection, { description: 'Nodes of the quota tree that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async quotas(@Args(() => QuotasArgs) args: QuotasArgs, @Ctx() context: RequestContext): Promise<Connection<Quota>> {
    return toConnection(await listQuotas(context, args), toQuota);
  }

  @FieldResolver(() => Project, {
    nullable: true,
    description: 'The project, for a node of a project or of a principal in one.',
  })
  async project(@Root() quota: Quota, @Ctx() context: RequestContext): Promise<Project | null> {
    return quota.projectId === null ? null : resolveProject({ id: quota.projectId }, context);
  }
}

@Resolver(() => PolicyValue)
export class PolicyValueResolver {
  @Query(() => PolicyValueConnection, { description: 'Policy values that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async policies(
    @Args(() => PoliciesArgs) args: PoliciesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<PolicyValue>> {
    return toConnection(await listPolicyValues(context, args), toPolicyValue);
  }
}
