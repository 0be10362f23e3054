import { z } from 'zod';
import { defineEvent } from '../../../../kernel/events/event-type.js';

const amount = z.string().describe('Decimal text in main units of the currency.');

export const usageRecorded = defineEvent({
  type: 'billing.usage.recorded',
  subjectType: 'UsageRecord',
  description: 'Metered usage was accepted, rated and posted.',
  data: z.object({
    amount,
    currency: z.string(),
    unit: z.string(),
    baseQuantity: z.string(),
    source: z.string(),
    resourceType: z.string(),
    resourceId: z.string(),
    allocationId: z.string().nullable(),
    appInstanceId: z.string().nullable(),
    windowStart: z.string(),
    windowEnd: z.string(),
  }),
});

export const balanceCredited = defineEvent({
  type: 'billing.balance.credited',
  subjectType: 'BillingAccount',
  description: 'Money or credit came in.',
  data: z.object({ amount, currency: z.string(), source: z.string(), transferId: z.string() }),
});

const moved = z.object({
  from: z.string(),
  balance: amount,
  currency: z.string(),
  projectedDepletionAt: z.string().nullable(),
});

export const balanceLow = defineEvent({
  type: 'billing.balance.fell_low',
  subjectType: 'BillingAccount',
  description:
    'The balance is at or below the threshold of `billing.low_balance_threshold_minor`. Told once per transition.',
  data: moved,
});

export const balanceDepletionProjected = defineEvent({
  type: 'billing.balance.depletion_projected',
  subjectType: 'BillingAccount',
  description:
    'At the present rate the balance is spent within `billing.depletion_window_seconds`: releases are in sight.',
  data: moved,
});

export const balanceDepleted = defineEvent({
  type: 'billing.balance.depleted',
  subjectType: 'BillingAccount',
  description: 'Nothing is left: what runs on the account is to be released.',
  data: moved,
});

export const balanceRecovered = defineEvent({
  type: 'billing.balance.recovered',
  subjectType: 'BillingAccount',
  description: 'The balance is above the threshold again. Nothing that was released restarts by itself.',
  data: moved,
});

export const holdExpired = defineEvent({
  type: 'billing.hold.expired',
  subjectType: 'BillingAccount',
  description: 'Held money was neither settled nor voided in time, and was given back.',
  data: z.object({ holdId: z.string(), reference: z.string(), amount, currency: z.string() }),
});

export const budgetSet = defineEvent({
  type: 'billing.budget.changed',
  subjectType: 'Budget',
  description: 'A budget was set.',
  data: z.object({ amount, currency: z.string(), period: z.string(), isHardStop: z.boolean() }),
});

export const budgetThresholdReached = defineEvent({
  type: 'billing.budget.threshold_reached',
  subjectType: 'Budget',
  description: 'Spend reached a warning threshold of a budget. Told once per threshold and period.',
  data: z.object({ percent: z.number(), spent: amount, limit: amount, currency: z.string(), period: z.string() }),
});

export const transferCorrected = defineEvent({
  type: 'billing.transfer.corrected',
  subjectType: 'LedgerTransfer',
  description: 'A charge was taken back by a transfer that names it.',
  data: z.object({ correctsId: z.string(), amount, currency: z.string(), reason: z.string() }),
});

export const priceSet = defineEvent({
  type: 'billing.price.changed',
  subjectType: 'Price',
  description: 'A price takes over from a moment on.',
  data: z.object({
    priceKey: z.string(),
    unit: z.string(),
    unitPrice: amount,
    currency: z.string(),
    validFrom: z.string(),
  }),
});

export const billingEvents = [
  usageRecorded,
  balanceCredited,
  balanceLow,
  balanceDepletionProjected,
  balanceDepleted,
  balanceRecovered,
  holdExpired,
  budgetSet,
  budgetThresholdReached,
  transferCorrected,
  priceSet,
];
