import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { BigIntScalar, DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import type { PolicyValueRecord, QuotaRecord, RoleBindingRecord } from '../store/grant-queries.js';
import { BindingEffectEnum, PrincipalTypeEnum, QuotaLevel, ScopeLevelEnum } from './access-enums.js';

@ObjectType({ implements: Node, description: 'A role, bound to a principal at a scope.' })
@Key()
@Tag('public')
export class RoleBinding extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `rbd`.' })
  override id!: string;
  @Field(() => PrincipalTypeEnum, { description: 'What the principal is.' })
  principalType!: string;
  @Field(() => ID, { description: 'The user, service account or group; `everyone` for a guardrail.' })
  principalId!: string;
  @Field(() => ScopeLevelEnum, { description: 'The level at which it is bound.' })
  scopeLevel!: string;
  @Field(() => ID, { description: 'The scope at which it is bound; `platform` for the platform.' })
  scopeId!: string;
  @Field(() => BindingEffectEnum, { description: 'Whether it gives, takes or limits.' })
  effect!: string;
  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself.' })
  expiresAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'Why it was made.' })
  reason!: string | null;
  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;
  @Field(() => ID, { description: 'Who made it.' })
  createdBy!: string;
  @Field(() => DateTime, { nullable: true, description: 'When it was revoked; lists show only those that are not.' })
  revokedAt!: Date | null;
  /** Not in the schema: resolved to `role`. */
  roleId!: string;
}

export const RoleBindingConnection = connectionType('RoleBinding', () => RoleBinding);

export function toRoleBinding(row: RoleBindingRecord): RoleBinding {
  return { ...row };
}

@ObjectType({
  implements: Node,
  description: 'A node of the quota tree in one dimension: its limit, and what is used below it.',
})
@Key()
@Tag('public')
export class Quota extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `qta`.' })
  override id!: string;
  @Field(() => QuotaLevel, { description: 'The level of the node.' })
  scopeLevel!: string;
  @Field(() => ID, { description: 'The node: an organization, department or project, or `<project>/<principal>`.' })
  scopeId!: string;
  @Field(() => String, { description: 'A registered dimension, such as `gpus`.' })
  dimension!: string;
  @Field(() => BigIntScalar, {
    nullable: true,
    description: 'The limit, in the unit of the dimension; null when this node has none of its own.',
  })
  limit!: bigint | null;
  @Field(() => BigIntScalar, { description: 'What is in use.' })
  used!: bigint;
  @Field(() => BigIntScalar, {
    description: 'What is held for something that is starting; given back by itself if it does not.',
  })
  held!: bigint;
  @Field(() => BigIntScalar, {
    nullable: true,
    description: 'What is left below this limit; ancestors may leave less. Null without a limit.',
  })
  remaining!: bigint | null;
  /** Not in the schema. */
  organizationId!: string;
  projectId!: string | null;
}

export const QuotaConnection = connectionType('Quota', () => Quota);

export function toQuota(row: QuotaRecord): Quota {
  const { limitAmount: limit, committed: used, held } = row;
  const left = limit === null ? null : limit - used - held;
  return { ...row, limit, used, held, remaining: left !== null && left < 0n ? 0n : left };
}

@ObjectType({
  implements: Node,
  description: 'What a scope says about a policy: a value, and bounds for what is below.',
})
@Key()
@Tag('public')
export class PolicyValue extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `pol`.' })
  override id!: string;
  @Field(() => String, { description: 'The registered key, such as `rate_limit.api_requests_per_minute`.' })
  key!: string;
  @Field(() => ScopeLevelEnum, {
    description: 'Where in the hierarchy it counts: platform, organization, department or project.',
  })
  scopeLevel!: string;
  @Field(() => ID, { description: 'The scope; `platform` for the platform.' })
  scopeId!: string;
  @Field(() => String, { description: 'The value as JSON text; its type is that of the definition.' })
  valueJson!: string;
  @Field(() => Float, { nullable: true, description: 'The least that scopes below may set.' })
  minimum!: number | null;
  @Field(() => Float, { nullable: true, description: 'The most that scopes below may set.' })
  maximum!: number | null;
  @Field(() => [String], { nullable: true, description: 'All that scopes below may set.' })
  allowedValues!: string[] | null;
  @Field(() => Boolean, { description: 'A hard deny: absolute for everything below.' })
  isDenied!: boolean;
  @Field(() => DateTime, { description: 'When it was last set.' })
  changedAt!: Date;
  @Field(() => ID, { description: 'Who last set it.' })
  changedBy!: string;
}

export const PolicyValueConnection = connectionType('PolicyValue', () => PolicyValue);

export function toPolicyValue(row: PolicyValueRecord): PolicyValue {
  return {
    ...row,
    valueJson: JSON.stringify(row.value),
    allowedValues: row.allowedValues === null ? null : [...row.allowedValues],
  };
}
