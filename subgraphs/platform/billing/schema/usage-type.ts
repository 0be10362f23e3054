import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { BigIntScalar, DateTime } from '../../../../kernel/graphql/scalars.js';
import { Money, Node, toMoney } from '../../../../kernel/graphql/shared-types.js';
import type { UsageRow } from '../store/usage-queries.js';
import { AllocationStub, AppInstanceStub, OrganizationStub, ProjectStub } from './stubs.js';

export enum UsageSourceEnum {
  ALLOCATION = 'allocation',
  APP_RUNTIME = 'app_runtime',
  TOKEN_FACTORY = 'token_factory',
}
registerEnumType(UsageSourceEnum, {
  name: 'UsageSource',
  description: 'Which meter counted.',
  valuesConfig: {
    ALLOCATION: { description: 'GPU capacity while an allocation is active.' },
    APP_RUNTIME: { description: 'An app instance while it runs.' },
    TOKEN_FACTORY: { description: 'Requests to models.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    'One metered quantity over one window: accepted once, rated with a frozen price, posted to the ledger. Never changed.',
})
@Key()
@Tag('public')
export class UsageRecord extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `usg`.' })
  override id!: string;
  @Field(() => String, { description: "The meter's identifier of the event; with the source it counts once for ever." })
  eventId!: string;
  @Field(() => UsageSourceEnum, { description: 'Which meter counted.' })
  source!: string;
  @Field(() => ID, { description: 'The product that was used.' })
  productId!: string;
  @Field(() => String, { description: 'The registered usage unit, such as `gpu_hour`.' })
  unit!: string;
  @Field(() => BigIntScalar, { description: "Whole number of the unit's base, such as GPU-seconds of a `gpu_hour`." })
  baseQuantity!: bigint;
  @Field(() => BigIntScalar, { description: 'How many of the base make one unit, such as 3600.' })
  basePerUnit!: bigint;
  @Field(() => Money, {
    description: 'What it cost: base quantity × unit price ÷ base per unit, rounded half to even at a billionth.',
  })
  amount!: Money;
  @Field(() => String, { description: 'Hash of the price snapshot that it was rated with.' })
  priceSnapshotHash!: string;
  @Field(() => DateTime, { description: 'When the window began.' })
  windowStartAt!: Date;
  @Field(() => DateTime, { description: 'When the window ended.' })
  windowEndAt!: Date;
  @Field(() => String, { description: 'GraphQL type of what was used.' })
  resourceType!: string;
  @Field(() => ID, { description: 'Identifier of what was used.' })
  resourceId!: string;
  @Field(() => ID, { description: 'On whose behalf.' })
  actorId!: string;
  @Field(() => String, { description: 'Correlation id of the request or window.' })
  correlationId!: string;
  @Field(() => DateTime, { description: 'When it was accepted and posted.' })
  createdAt!: Date;
  @Field(() => OrganizationStub, { nullable: true, description: 'The organization that pays.' })
  organization!: OrganizationStub | null;
  @Field(() => ProjectStub, { nullable: true, description: 'The project that it counts to.' })
  project!: ProjectStub | null;
  @Field(() => AllocationStub, { nullable: true, description: 'The allocation, if one was used.' })
  allocation!: AllocationStub | null;
  @Field(() => AppInstanceStub, { nullable: true, description: 'The app instance, if one was used.' })
  appInstance!: AppInstanceStub | null;
  priceSnapshotId!: string;
  organizationId!: string;
  balanceAfter!: Money;
}

export const UsageRecordConnection = connectionType('UsageRecord', () => UsageRecord);

export function toUsageRecord(row: UsageRow): UsageRecord {
  const { windowStart, windowEnd, amountNanos, balanceAfterNanos, allocationId, appInstanceId, projectId, ...rest } =
    row;
  return {
    ...rest,
    amount: toMoney(amountNanos, row.currency),
    balanceAfter: toMoney(BigInt(balanceAfterNanos), row.currency),
    windowStartAt: windowStart,
    windowEndAt: windowEnd,
    organization: { id: row.organizationId },
    project: { id: projectId },
    allocation: allocationId === null ? null : { id: allocationId },
    appInstance: appInstanceId === null ? null : { id: appInstanceId },
  };
}
