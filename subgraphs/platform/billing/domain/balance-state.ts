import { type Lifecycle, defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';
import type { Nanos } from '../../../../kernel/money/nano-units.js';
import type { BalanceState } from '../contract.js';

export type BalanceEvent = 'recover' | 'fall_low' | 'project_depletion' | 'deplete';

/**
 * Spec section 3. An account begins depleted: nobody has paid anything. More money leads back, and nothing that was
 * released restarts by itself. Little money leads out of depletion too: else the next depletion would be told to nobody.
 */
export const balanceLifecycle: Lifecycle<BalanceState, BalanceEvent> = defineLifecycle<BalanceState, BalanceEvent>(
  'balance',
  'depleted',
  {
    healthy: { fall_low: 'low_balance', project_depletion: 'auto_release_pending', deplete: 'depleted' },
    low_balance: { recover: 'healthy', project_depletion: 'auto_release_pending', deplete: 'depleted' },
    auto_release_pending: { recover: 'healthy', fall_low: 'low_balance', deplete: 'depleted' },
    depleted: { recover: 'healthy', fall_low: 'low_balance', project_depletion: 'auto_release_pending' },
  },
);

export interface BalanceFacts {
  /** What is left of the funds less what is owed; money that is held counts until it is spent. */
  readonly postedNanos: Nanos;
  readonly lowThresholdNanos: Nanos;
  /** What usage cost during the last `burnSeconds`. */
  readonly burnNanos: Nanos;
  readonly burnSeconds: number;
  /** A depletion expected within this time puts releases in sight. */
  readonly windowSeconds: number;
}

export interface Assessment {
  readonly state: BalanceState;
  readonly event: BalanceEvent;
  /** Seconds until the balance is spent at the present rate; null when nothing burns. */
  readonly secondsToDepletion: number | null;
}

const STATE_EVENTS: Readonly<Record<BalanceState, BalanceEvent>> = {
  healthy: 'recover',
  low_balance: 'fall_low',
  auto_release_pending: 'project_depletion',
  depleted: 'deplete',
};

/** Where a balance stands. Depletion is projected for low balances only: a high one has time to be topped up. */
export function assessBalance(facts: BalanceFacts): Assessment {
  const secondsToDepletion = projectDepletion(facts);
  const state = stateOf(facts, secondsToDepletion);
  return { state, event: STATE_EVENTS[state], secondsToDepletion };
}

function projectDepletion({ postedNanos, burnNanos, burnSeconds }: BalanceFacts): number | null {
  if (burnNanos <= 0n || burnSeconds <= 0) return null;
  if (postedNanos <= 0n) return 0;
  return Number((postedNanos * BigInt(Math.ceil(burnSeconds))) / burnNanos);
}

function stateOf(facts: BalanceFacts, secondsToDepletion: number | null): BalanceState {
  if (facts.postedNanos <= 0n) return 'depleted';
  if (facts.postedNanos > facts.lowThresholdNanos) return 'healthy';
  return secondsToDepletion !== null && secondsToDepletion <= facts.windowSeconds
    ? 'auto_release_pending'
    : 'low_balance';
}
