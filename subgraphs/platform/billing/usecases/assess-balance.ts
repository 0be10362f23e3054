import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { BalanceState } from '../contract.js';
import { balanceLifecycle } from '../domain/balance-state.js';
import { balanceDepleted, balanceDepletionProjected, balanceLow, balanceRecovered } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { lockStanding, moveStanding } from '../store/balance-queries.js';
import { type BalanceDependencies, organizationScope, readBalance } from './read-balance.js';
import { billingAccountId } from './top-up-account.js';

const EVENTS = {
  healthy: balanceRecovered,
  low_balance: balanceLow,
  auto_release_pending: balanceDepletionProjected,
  depleted: balanceDepleted,
} as const satisfies Record<BalanceState, unknown>;

/** Moves an account to where its balance stands and tells it, once: the money lock is held from the reading to the commit. */
export function createAssessBalance(deps: BalanceDependencies) {
  return defineCommand({
    action: 'billing.balance.assess',
    input: z.object({ organizationId: z.string() }),
    scope: (input) => organizationScope(input.organizationId),
    async run(context, { organizationId }) {
      const { tx, now } = context;
      const standing = await lockStanding(tx, organizationId);
      if (standing === null) return refuse('NOT_FOUND', 'The organization has no movement of money yet.');
      const { assessment, postedNanos } = await readBalance(deps, tx, organizationId);
      const to = balanceLifecycle.next(standing.state, assessment.event);
      if (to === null) return refuse('INVALID_STATE', `The balance is ${standing.state} already.`);
      const seconds = to === 'auto_release_pending' ? assessment.secondsToDepletion : null;
      const deadline = seconds === null ? null : new Date(now.getTime() + seconds * 1000);
      const balance = formatDecimal(postedNanos);
      await moveStanding(tx, {
        organizationId,
        state: to,
        reason: `the balance is ${balance}`,
        now,
        deadline,
        version: standing.ledgerVersion,
      });
      context.describe(
        { type: 'BillingAccount', id: billingAccountId(organizationId) },
        { from: standing.state, to, balance },
      );
      context.emit(EVENTS[to], {
        subjectId: billingAccountId(organizationId),
        scope: context.scope,
        data: {
          from: standing.state,
          balance,
          currency: CURRENCY,
          projectedDepletionAt: deadline?.toISOString() ?? null,
        },
      });
      return accept({ organizationId, from: standing.state, to });
    },
  });
}
