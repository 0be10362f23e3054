import { systemActor } from '../../../../kernel/access/actor.js';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { Registry } from '../../registry/index.js';
import { accountingMonth } from '../domain/price.js';
import { markAssessed, unassessedAccounts } from '../store/balance-queries.js';
import { dueWarnings } from '../store/budget-queries.js';
import { expiredGrants } from '../store/credit-statements.js';
import { driftOf, driftedLedgers, markReconciled, unreconciledAccounts } from '../store/reconciliation-queries.js';
import { expireCredit } from '../usecases/expire-credit.js';
import { expireHold } from '../usecases/expire-hold.js';
import { type BalanceDependencies, readBalance } from '../usecases/read-balance.js';
import { warnOfBudget } from '../usecases/warn-of-budget.js';

const BATCH = 100;
/** Each organization's ledger is read whole, so fewer at a time. */
const RECONCILED_AT_ONCE = 10;

interface JobDependencies extends BalanceDependencies {
  readonly kernel: Kernel;
  readonly registry: Pick<Registry, 'reportHealth'>;
  readonly assessBalance: Command;
}

/** Background work of billing: each job compares what is with what should be and does the next step, as a command. */
export function billingJobs(deps: JobDependencies): Job[] {
  return [watchBalances(deps), expireHolds(deps), expireCredits(deps), watchBudgets(deps), reconcileLedgers(deps)];
}

async function execute(kernel: Kernel, command: Command, input: Json): Promise<void> {
  // A refusal means that somebody else did the step meanwhile; the next run sees what is left.
  await kernel.pipeline.execute(command, input, { actor: systemActor('billing'), correlationId: newId('cor') });
}

function watchBalances(deps: JobDependencies): Job {
  const { database } = deps.kernel;
  return {
    name: 'billing.watch_balances',
    everyMilliseconds: 5000,
    wakeOn: ['billing.usage.', 'billing.balance.credited', 'billing.hold.', 'billing.transfer.'],
    async run(signal) {
      const rows = await database.read('system', (tx) => unassessedAccounts(tx, BATCH));
      for (const row of rows) {
        if (signal.aborted) return false;
        const { assessment } = await database.read('system', (tx) => readBalance(deps, tx, row.organizationId));
        if (assessment.state === row.state) await database.transaction('system', (tx) => markAssessed(tx, row));
        else await execute(deps.kernel, deps.assessBalance, { organizationId: row.organizationId });
      }
      return rows.length === BATCH && rows.every((row) => row.hasMoved);
    },
  };
}

function expireHolds(deps: JobDependencies): Job {
  return {
    name: 'billing.expire_holds',
    everyMilliseconds: 2000,
    async run(signal) {
      const rows = await deps.kernel.database.read('system', (tx) =>
        tx.rows<{ reference: string }>(
          `select reference from billing.holds where state = 'active' and state_deadline_at <= $1 order by state_deadline_at limit $2`,
          [deps.clock(), BATCH],
        ),
      );
      for (const { reference } of rows) {
        if (signal.aborted) return false;
        await execute(deps.kernel, expireHold, { reference });
      }
      return rows.length === BATCH;
    },
  };
}

function expireCredits(deps: JobDependencies): Job {
  return {
    name: 'billing.expire_credits',
    everyMilliseconds: 30_000,
    async run(signal) {
      const rows = await deps.kernel.database.read('system', (tx) =>
        expiredGrants(tx, { now: deps.clock(), limit: BATCH }),
      );
      for (const { id, organizationId } of rows) {
        if (signal.aborted) return false;
        await execute(deps.kernel, expireCredit, { accountId: id, organizationId });
      }
      return rows.length === BATCH;
    },
  };
}

function watchBudgets(deps: JobDependencies): Job {
  return {
    name: 'billing.watch_budgets',
    everyMilliseconds: 10_000,
    wakeOn: ['billing.usage.', 'billing.budget.changed'],
    async run(signal) {
      const month = accountingMonth(deps.clock());
      const rows = await deps.kernel.database.read('system', (tx) => dueWarnings(tx, { month, limit: BATCH }));
      for (const { budgetId, percent } of rows) {
        if (signal.aborted) return false;
        await execute(deps.kernel, warnOfBudget, { budgetId, percent });
      }
      return rows.length === BATCH;
    },
  };
}

/** The standing reconciler: the accounts' totals against the sum of their transfers. A difference is never repaired in silence. */
function reconcileLedgers(deps: JobDependencies): Job {
  const { database, logger } = deps.kernel;
  return {
    name: 'billing.reconcile_ledgers',
    everyMilliseconds: 60_000,
    async run(signal) {
      const rows = await database.read('system', (tx) => unreconciledAccounts(tx, RECONCILED_AT_ONCE));
      let moved = 0;
      for (const row of rows) {
        if (signal.aborted) return false;
        const drift = await database.read('system', (tx) => driftOf(tx, row.organizationId));
        const isDrifted = drift.length > 0;
        if (isDrifted)
          logger.error(
            { organizationId: row.organizationId, accounts: drift },
            'totals of ledger accounts are not the sum of their transfers',
          );
        else moved += 1;
        await database.transaction('system', (tx) => markReconciled(tx, { ...row, isDrifted }));
      }
      await database.transaction('system', async (tx) => {
        const drifted = await driftedLedgers(tx);
        const health = drifted > 0n ? 'degraded' : 'ready';
        const detail = drifted > 0n ? `${drifted} ledgers do not add up` : 'every ledger adds up';
        await deps.registry.reportHealth(tx, { componentId: 'billing-ledger', health, detail });
      });
      return moved === RECONCILED_AT_ONCE;
    },
  };
}
