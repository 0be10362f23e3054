import { Field, Float, ID, InputType, ObjectType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { BigIntScalar, DateTime } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { BindingEffectEnum } from './access-enums.js';
import { PolicyValue, Quota, RoleBinding } from './grant-types.js';
import { KEY } from './hierarchy-inputs.js';
import { Group, Role } from './user-type.js';

@InputType({ description: 'What a group is created with.' })
export class GroupCreateInput {
  @Field(() => ID, { description: "The organization, or `platform` for a group of the platform's own staff." })
  scopeId!: string;
  @Field(() => String, { description: 'Its name, in 2 to 120 characters; unique in the organization.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Which group is deleted.' })
export class GroupDeleteInput {
  @Field(() => ID, { description: 'The group.' })
  id!: string;
}

@InputType({ description: 'A group and one of its members.' })
export class GroupMemberInput {
  @Field(() => ID, { description: 'The group, by its TypeID.' })
  groupId!: string;
  @Field(() => ID, { description: 'A user, service account or group of the same organization.' })
  principalId!: string;
}

@InputType({ description: 'What a role is created with. It gives nothing until it is bound.' })
export class RoleCreateInput {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => String, { description: 'Name for bindings: 2 to 48 lower-case letters, digits or underscores.' })
  name!: string;
  @Field(() => String, { description: 'Name, for people.' })
  title!: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string;
  @Field(() => [String], { description: 'Registered permissions.' })
  permissions!: string[];
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'What changes about a role; what is absent stays.' })
export class RoleUpdateInput {
  @Field(() => ID, { description: 'The role.' })
  id!: string;
  @Field(() => String, { nullable: true, description: 'Name, for people.' })
  title?: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string;
  @Field(() => [String], { nullable: true, description: 'All registered permissions that it shall have.' })
  permissions?: string[];
}

@InputType({ description: 'Which custom role is deleted.' })
export class RoleDeleteInput {
  @Field(() => ID, { description: 'The role.' })
  id!: string;
}

@InputType({ description: 'A role, for a principal, at a scope.' })
export class RoleBindingCreateInput {
  @Field(() => ID, { description: '`platform`, an organization, a department or a project.' })
  scopeId!: string;
  @Field(() => ID, {
    nullable: true,
    description: 'A member, service account or group of the organization; absent for a guardrail.',
  })
  principalId?: string;
  @Field(() => String, { description: 'Name of a built-in role, or identifier of any.' })
  role!: string;
  @Field(() => BindingEffectEnum, {
    nullable: true,
    description: 'Whether it gives, takes or limits; `ALLOW` when absent.',
  })
  effect?: string;
  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself.' })
  expiresAt?: Date;
  @Field(() => String, { nullable: true, description: 'Why, for those who read it later.' })
  reason?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Which role binding is revoked.' })
export class RoleBindingRevokeInput {
  @Field(() => ID, { description: 'The binding.' })
  id!: string;
}

@InputType({ description: 'A limit of the quota tree.' })
export class QuotaSetInput {
  @Field(() => ID, {
    description: 'An organization, department or project. Who limits it must hold the right one level above.',
  })
  scopeId!: string;
  @Field(() => String, {
    nullable: true,
    description: 'With a project: one user or service account in it, or `*` for each without a limit of its own.',
  })
  principalId?: string;
  @Field(() => String, { description: 'A registered dimension, such as `gpus`.' })
  dimension!: string;
  @Field(() => BigIntScalar, { nullable: true, description: 'The limit, in the unit of the dimension; null lifts it.' })
  limit?: bigint | null;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'What a scope says about a policy.' })
export class PolicyValueSetInput {
  @Field(() => ID, { description: '`platform`, an organization, a department or a project.' })
  scopeId!: string;
  @Field(() => String, { description: 'The registered key.' })
  key!: string;
  @Field(() => String, { description: 'The value as JSON text, of the type that the definition names.' })
  valueJson!: string;
  @Field(() => Float, { nullable: true, description: 'The least that scopes below may set.' })
  minimum?: number;
  @Field(() => Float, { nullable: true, description: 'The most that scopes below may set.' })
  maximum?: number;
  @Field(() => [String], { nullable: true, description: 'All that scopes below may set.' })
  allowedValues?: string[];
  @Field(() => Boolean, { nullable: true, description: 'A hard deny: absolute for everything below.' })
  isDenied?: boolean;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Which policy value is taken away; the one of the scope above then counts.' })
export class PolicyValueClearInput {
  @Field(() => ID, { description: 'The policy value.' })
  id!: string;
}

@ObjectType({ description: 'Answer to a mutation of a group.' })
@Tag('public')
export class GroupPayload extends MutationPayload {
  @Field(() => Group, { nullable: true, description: 'The group; null when nothing was done, or it is gone.' })
  group!: Group | null;
}

@ObjectType({ description: 'Answer to a mutation of a role.' })
@Tag('public')
export class RolePayload extends MutationPayload {
  @Field(() => Role, { nullable: true, description: 'The role; null when nothing was done, or it is gone.' })
  role!: Role | null;
}

@ObjectType({ description: 'Answer to a mutation of a role binding.' })
@Tag('public')
export class RoleBindingPayload extends MutationPayload {
  @Field(() => RoleBinding, { nullable: true, description: 'The binding; null when nothing was done.' })
  roleBinding!: RoleBinding | null;
}

@ObjectType({ description: 'Answer to a mutation of a quota.' })
@Tag('public')
export class QuotaPayload extends MutationPayload {
  @Field(() => Quota, { nullable: true, description: 'The quota; null when nothing was done.' })
  quota!: Quota | null;
}

@ObjectType({ description: 'Answer to a mutation of a policy value.' })
@Tag('public')
export class PolicyValuePayload extends MutationPayload {
  @Field(() => PolicyValue, { nullable: true, description: 'The value; null when nothing was done, or it is gone.' })
  policyValue!: PolicyValue | null;
}
