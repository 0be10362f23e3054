import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Money, Node, toMoney } from '../../../../kernel/graphql/shared-types.js';
import { CURRENCY } from '../domain/price.js';
import type { AssessedBalance } from '../usecases/read-balance.js';
import { billingAccountId } from '../usecases/billing-account-id.js';
import { OrganizationStub } from './stubs.js';

export enum BalanceStateEnum {
  HEALTHY = 'healthy',
  LOW_BALANCE = 'low_balance',
  AUTO_RELEASE_PENDING = 'auto_release_pending',
  DEPLETED = 'depleted',
}
registerEnumType(BalanceStateEnum, {
  name: 'BalanceState',
  description: 'Where a balance stands.',
  valuesConfig: {
    HEALTHY: { description: 'Above the threshold of the policy `billing.low_balance_threshold_minor`.' },
    LOW_BALANCE: { description: 'At or below the threshold.' },
    AUTO_RELEASE_PENDING: {
      description: 'At the present rate it is spent within the window of `billing.depletion_window_seconds`.',
    },
    DEPLETED: { description: 'Nothing is left: what runs is released, and nothing new may start.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    "The account that an organization's usage is paid from. Its balance is read from the ledger each time: it is never stored, and never old.",
})
@Key()
@Tag('public')
export class BillingAccount extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `bac`.' })
  override id!: string;
  @Field(() => Money, {
    description: 'What is left of payments and credit, less what is owed. Held money counts until it is spent.',
  })
  balance!: Money;
  @Field(() => Money, { description: 'The part of the balance that is held for what runs.' })
  held!: Money;
  @Field(() => Money, { description: 'What a new hold may take: the balance less what is held.' })
  available!: Money;
  @Field(() => BalanceStateEnum, { description: 'Where the balance stands now.' })
  state!: string;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the balance is spent at the rate of the last ten minutes; null when nothing is being spent.',
  })
  projectedDepletionAt!: Date | null;
  @Field(() => DateTime, { description: 'The moment that these figures are of.' })
  asOf!: Date;
  @Field(() => OrganizationStub, { nullable: true, description: 'Who pays.' })
  organization!: OrganizationStub | null;
  organizationId!: string;
}

export function toBillingAccount(organizationId: string, balance: AssessedBalance): BillingAccount {
  const seconds = balance.assessment.secondsToDepletion;
  return {
    id: billingAccountId(organizationId),
    organizationId,
    organization: { id: organizationId },
    balance: toMoney(balance.postedNanos, CURRENCY),
    held: toMoney(balance.heldNanos, CURRENCY),
    available: toMoney(balance.postedNanos - balance.heldNanos, CURRENCY),
    state: balance.assessment.state,
    projectedDepletionAt: seconds === null ? null : soon(balance.asOf, seconds),
    asOf: balance.asOf,
  };
}

/** A hundred years are "never" too. */
const HORIZON_SECONDS = 100 * 365 * 24 * 3600;

function soon(asOf: Date, seconds: number): Date | null {
  return seconds > HORIZON_SECONDS ? null : new Date(asOf.getTime() + seconds * 1000);
}
