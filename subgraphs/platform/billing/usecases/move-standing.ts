import type { CommandContext } from '../../../../kernel/commands/command.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { BalanceState } from '../contract.js';
import { balanceLifecycle } from '../domain/balance-state.js';
import { balanceDepleted, balanceDepletionProjected, balanceLow, balanceRecovered } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { lockStanding, moveStanding } from '../store/balance-queries.js';
import { billingAccountId } from './billing-account-id.js';
import { type BalanceDependencies, organizationScope, readBalance } from './read-balance.js';

const EVENTS = {
  healthy: balanceRecovered,
  low_balance: balanceLow,
  auto_release_pending: balanceDepletionProjected,
  depleted: balanceDepleted,
} as const satisfies Record<BalanceState, unknown>;

export interface Standing {
  readonly from: BalanceState;
  /** Null when it stands where it stood. */
  readonly to: BalanceState | null;
  readonly balance: string;
}

/**
 * Moves an account to where its balance stands and tells it, once: the money lock is held from the reading to the
 * commit. Whatever brings money in calls it too, so that no depletion can follow on a state that still says depleted
 * and be told to nobody. Null when the organization has no account yet.
 */
export async function moveToStanding(
  deps: BalanceDependencies,
  context: CommandContext,
  organizationId: string,
): Promise<Standing | null> {
  const { tx, now } = context;
  const standing = await lockStanding(tx, organizationId);
  if (standing === null) return null;
  const { assessment, postedNanos } = await readBalance(deps, tx, organizationId);
  const from = standing.state;
  const balance = formatDecimal(postedNanos);
  const to = balanceLifecycle.next(from, assessment.event);
  if (to === null) return { from, to, balance };
  const seconds = to === 'auto_release_pending' ? assessment.secondsToDepletion : null;
  const deadline = seconds === null ? null : new Date(now.getTime() + seconds * 1000);
  const version = standing.ledgerVersion;
  await moveStanding(tx, { organizationId, state: to, reason: `the balance is ${balance}`, now, deadline, version });
  context.emit(EVENTS[to], {
    subjectId: billingAccountId(organizationId),
    scope: organizationScope(organizationId),
    data: { from, balance, currency: CURRENCY, projectedDepletionAt: deadline?.toISOString() ?? null },
  });
  return { from, to, balance };
}
