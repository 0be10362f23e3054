import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type HoldState = 'active' | 'settled' | 'voided' | 'expired';
export type HoldEvent = 'settle' | 'void' | 'expire';

/** Held money is settled, given back, or gives itself back at its deadline: once. SQL allows the same (billing.close_hold). */
export const holdLifecycle = defineLifecycle<HoldState, HoldEvent>('hold', 'active', {
  active: { settle: 'settled', void: 'voided', expire: 'expired' },
  settled: {},
  voided: {},
  expired: {},
});
