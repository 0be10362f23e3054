import type { Scope } from '../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { NANOS_PER_MINOR } from '../../../../kernel/money/nano-units.js';
import type { Policies } from '../../iam/index.js';
import { type Assessment, assessBalance } from '../domain/balance-state.js';
import { type BalanceRow, balancesOf } from '../store/balance-queries.js';

export const LOW_BALANCE_THRESHOLD = 'billing.low_balance_threshold_minor';
export const DEPLETION_WINDOW = 'billing.depletion_window_seconds';
/** Over how long the rate of spending is measured. */
const BURN_SECONDS = 600;

export interface BalanceDependencies {
  readonly policies: Policies;
  readonly clock: () => Date;
}

export interface AssessedBalance extends BalanceRow {
  readonly assessment: Assessment;
  readonly asOf: Date;
}

export function organizationScope(organizationId: string): Scope {
  return { level: 'organization', id: organizationId, organizationId };
}

/** The balance as the ledger has it now, and where it stands under the organization's policies. */
export async function readBalance(
  deps: BalanceDependencies,
  tx: Transaction,
  organizationId: string,
): Promise<AssessedBalance> {
  const balance = (await readBalances(deps, tx, [organizationId])).get(organizationId);
  if (balance === undefined) throw new Error(`the ledger answered no balance of ${organizationId}`);
  return balance;
}

/** As {@link readBalance}, for many: one statement for all balances. */
export async function readBalances(
  deps: BalanceDependencies,
  tx: Transaction,
  organizationIds: readonly string[],
): Promise<Map<string, AssessedBalance>> {
  const asOf = deps.clock();
  const balances = await balancesOf(tx, { organizationIds, now: asOf, burnSeconds: BURN_SECONDS });
  const assessed = new Map<string, AssessedBalance>();
  for (const [organizationId, balance] of balances) {
    const scope = organizationScope(organizationId);
    const threshold = await numberOf(deps.policies, tx, { key: LOW_BALANCE_THRESHOLD, scope });
    const windowSeconds = await numberOf(deps.policies, tx, { key: DEPLETION_WINDOW, scope });
    const assessment = assessBalance({
      postedNanos: balance.postedNanos,
      lowThresholdNanos: BigInt(Math.trunc(threshold)) * NANOS_PER_MINOR,
      burnNanos: balance.burnNanos,
      burnSeconds: BURN_SECONDS,
      windowSeconds,
    });
    assessed.set(organizationId, { ...balance, assessment, asOf });
  }
  return assessed;
}

/** The effective value of a policy that is a number; anything else is a fault of its definition. */
export async function numberOf(
  policies: Policies,
  tx: Transaction,
  policy: { key: string; scope: Scope },
): Promise<number> {
  const { value } = await policies.value(tx, policy.key, policy.scope);
  if (typeof value !== 'number') throw new Error(`policy ${policy.key} is not a number`);
  return value;
}
