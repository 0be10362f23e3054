import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { BalanceState } from '../contract.js';
import { only } from './hold-statements.js';

export interface BalanceRow {
  readonly postedNanos: bigint;
  readonly heldNanos: bigint;
  /** What usage cost during the burn window. */
  readonly burnNanos: bigint;
}

/** Read from the ledger's accounts at this moment; nothing is remembered. */
export async function balanceOf(
  tx: Transaction,
  request: { organizationId: string; now: Date; burnSeconds: number },
): Promise<BalanceRow> {
  const rows = await tx.prepared<{ posted: string; held: string; burn: string }>(
    'billing.balance',
    `select b.posted, b.held, coalesce((
       select sum(l.amount_nanos) from billing.rated_lines l
       where l.organization_id = $1 and l.created_at > $2::timestamptz - make_interval(secs => $3)), 0) as burn
     from billing.balance($1, $2) b`,
    [request.organizationId, request.now, request.burnSeconds],
  );
  const row = only(rows);
  return { postedNanos: BigInt(row.posted), heldNanos: BigInt(row.held), burnNanos: BigInt(row.burn) };
}

export interface StandingRow {
  readonly [column: string]: unknown;
  readonly organizationId: string;
  readonly state: BalanceState;
  readonly ledgerVersion: bigint;
}

const STANDING = `organization_id as "organizationId", state, ledger_version as "ledgerVersion"`;

/** Accounts that moved since they were assessed, and those whose standing depends on time. */
export async function unassessedAccounts(tx: Transaction, limit: number): Promise<StandingRow[]> {
  return tx.rows<StandingRow>(
    `select ${STANDING} from billing.billing_accounts
     where ledger_version <> assessed_version or state = 'auto_release_pending' order by organization_id limit $1`,
    [limit],
  );
}

/** Locks the money of an organization and answers its standing. */
export async function lockStanding(tx: Transaction, organizationId: string): Promise<StandingRow | null> {
  return tx.row<StandingRow>(`select ${STANDING} from billing.billing_accounts where organization_id = $1 for update`, [
    organizationId,
  ]);
}

export async function markAssessed(
  tx: Transaction,
  row: { organizationId: string; ledgerVersion: bigint },
): Promise<void> {
  await tx.execute(
    'update billing.billing_accounts set assessed_version = $2 where organization_id = $1 and assessed_version < $2',
    [row.organizationId, row.ledgerVersion],
  );
}

export async function moveStanding(
  tx: Transaction,
  move: {
    organizationId: string;
    state: BalanceState;
    reason: string;
    now: Date;
    deadline: Date | null;
    version: bigint;
  },
): Promise<void> {
  await tx.execute(
    `update billing.billing_accounts set state = $2, state_reason = $3, state_changed_at = $4, state_deadline_at = $5, assessed_version = $6
     where organization_id = $1`,
    [move.organizationId, move.state, move.reason, move.now, move.deadline, move.version],
  );
}
