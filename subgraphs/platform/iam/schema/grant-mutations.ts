import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { Access, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { AccessCommands } from '../usecases/access-commands.js';
import { givenFields } from './given-fields.js';
import {
  GroupCreateInput,
  GroupDeleteInput,
  GroupMemberInput,
  GroupPayload,
  PolicyValueClearInput,
  PolicyValuePayload,
  PolicyValueSetInput,
  QuotaPayload,
  QuotaSetInput,
  RoleBindingCreateInput,
  RoleBindingPayload,
  RoleBindingRevokeInput,
  RoleCreateInput,
  RoleDeleteInput,
  RolePayload,
  RoleUpdateInput,
} from './grant-inputs.js';
import { resolvePolicyValue, resolveQuota, resolveRoleBinding } from './grant-resolver.js';
import { type RoleReader, resolveGroup } from './principal-resolver.js';

@Resolver()
export class GrantMutations {
  readonly #commands: AccessCommands;
  readonly #roles: RoleReader;

  constructor(commands: AccessCommands, roles: RoleReader) {
    this.#commands = commands;
    this.#roles = roles;
  }

  @Mutation(() => GroupPayload, { description: 'Creates a group of members, to bind roles to many at once.' })
  @Tag('public')
  @Access('iam.group.create')
  groupCreate(
    @Arg('input', () => GroupCreateInput, { description: 'The group.' }) input: GroupCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<GroupPayload> {
    return context.mutate(this.#commands.createGroup, givenFields(input), async ({ id }) => ({
      group: await resolveGroup({ id }, context),
    }));
  }

  @Mutation(() => GroupPayload, { description: 'Deletes a group, with its bindings.' })
  @Tag('public')
  @Access('iam.group.delete')
  groupDelete(
    @Arg('input', () => GroupDeleteInput, { description: 'The group.' }) input: GroupDeleteInput,
    @Ctx() context: RequestContext,
  ): Promise<GroupPayload> {
    return context.mutate(this.#commands.deleteGroup, givenFields(input), () => ({ group: null }));
  }

  @Mutation(() => GroupPayload, { description: "Adds a member to a group. Who adds must hold the group's roles." })
  @Tag('public')
  @Access('iam.group.add_member')
  groupMemberAdd(
    @Arg('input', () => GroupMemberInput, { description: 'Group and member.' }) input: GroupMemberInput,
    @Ctx() context: RequestContext,
  ): Promise<GroupPayload> {
    return context.mutate(this.#commands.addGroupMember, givenFields(input), async ({ id }) => ({
      group: await resolveGroup({ id }, context),
    }));
  }

  @Mutation(() => GroupPayload, { description: 'Removes a member from a group.' })
  @Tag('public')
  @Access('iam.group.remove_member')
  groupMemberRemove(
    @Arg('input', () => GroupMemberInput, { description: 'Group and member.' }) input: GroupMemberInput,
    @Ctx() context: RequestContext,
  ): Promise<GroupPayload> {
    return context.mutate(this.#commands.removeGroupMember, givenFields(input), async ({ id }) => ({
      group: await resolveGroup({ id }, context),
    }));
  }

  @Mutation(() => RolePayload, { description: "Makes a role of an organization's own." })
  @Tag('public')
  @Access('iam.role.create')
  roleCreate(
    @Arg('input', () => RoleCreateInput, { description: 'The role.' }) input: RoleCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<RolePayload> {
    return context.mutate(this.#commands.createRole, givenFields(input), async ({ id }) => ({
      role: await this.#roles.role(id, context),
    }));
  }

  @Mutation(() => RolePayload, { description: 'Changes a role for everybody who has it.' })
  @Tag('public')
  @Access('iam.role.update')
  roleUpdate(
    @Arg('input', () => RoleUpdateInput, { description: 'The change.' }) input: RoleUpdateInput,
    @Ctx() context: RequestContext,
  ): Promise<RolePayload> {
    return context.mutate(this.#commands.updateRole, givenFields(input), async ({ id }) => ({
      role: await this.#roles.role(id, context),
    }));
  }

  @Mutation(() => RolePayload, { description: 'Deletes a role that nobody has.' })
  @Tag('public')
  @Access('iam.role.delete')
  roleDelete(
    @Arg('input', () => RoleDeleteInput, { description: 'The role.' }) input: RoleDeleteInput,
    @Ctx() context: RequestContext,
  ): Promise<RolePayload> {
    return context.mutate(this.#commands.deleteRole, givenFields(input), () => ({ role: null }));
  }

  @Mutation(() => RoleBindingPayload, {
    description: 'Binds a role to a principal at a scope. Nobody gives more than they hold.',
  })
  @Tag('public')
  @Access('iam.role_binding.create')
  roleBindingCreate(
    @Arg('input', () => RoleBindingCreateInput, { description: 'The binding.' }) input: RoleBindingCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<RoleBindingPayload> {
    return context.mutate(this.#commands.createRoleBinding, givenFields(input), async ({ id }) => ({
      roleBinding: await resolveRoleBinding({ id }, context),
    }));
  }

  @Mutation(() => RoleBindingPayload, {
    description: 'Revokes a role binding: nothing that begins afterwards is decided with it.',
  })
  @Tag('public')
  @Access('iam.role_binding.revoke')
  roleBindingRevoke(
    @Arg('input', () => RoleBindingRevokeInput, { description: 'The binding.' }) input: RoleBindingRevokeInput,
    @Ctx() context: RequestContext,
  ): Promise<RoleBindingPayload> {
    return context.mutate(this.#commands.revokeRoleBinding, givenFields(input), async ({ id }) => ({
      roleBinding: await resolveRoleBinding({ id }, context),
    }));
  }

  @Mutation(() => QuotaPayload, { description: 'Sets or lifts a limit of the quota tree.' })
  @Tag('public')
  @Access('iam.quota.set')
  quotaSet(
    @Arg('input', () => QuotaSetInput, { description: 'The limit.' }) input: QuotaSetInput,
    @Ctx() context: RequestContext,
  ): Promise<QuotaPayload> {
    const limit = input.limit ?? null;
    return context.mutate(this.#commands.setQuota, { ...givenFields(input), limit }, async ({ id }) => ({
      quota: await resolveQuota({ id }, context),
    }));
  }

  @Mutation(() => PolicyValuePayload, {
    description: 'Sets what a scope says about a policy, inside the bounds from above.',
  })
  @Tag('public')
  @Access('iam.policy.set')
  policyValueSet(
    @Arg('input', () => PolicyValueSetInput, { description: 'The value.' }) input: PolicyValueSetInput,
    @Ctx() context: RequestContext,
  ): Promise<PolicyValuePayload> {
    const { valueJson, ...rest } = givenFields(input);
    const given = { ...rest, value: parseValue(String(valueJson)) };
    return context.mutate(this.#commands.setPolicyValue, given, async ({ id }) => ({
      policyValue: await resolvePolicyValue({ id }, context),
    }));
  }

  @Mutation(() => PolicyValuePayload, { description: 'Removes what a scope says about a policy.' })
  @Tag('public')
  @Access('iam.policy.clear')
  policyValueClear(
    @Arg('input', () => PolicyValueClearInput, { description: 'The value.' }) input: PolicyValueClearInput,
    @Ctx() context: RequestContext,
  ): Promise<PolicyValuePayload> {
    return context.mutate(this.#commands.clearPolicyValue, givenFields(input), () => ({ policyValue: null }));
  }
}

function parseValue(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new PlatformError('BAD_USER_INPUT', '"valueJson" is not JSON; text needs its quotes.', {
      field: ['input', 'valueJson'],
    });
  }
}
