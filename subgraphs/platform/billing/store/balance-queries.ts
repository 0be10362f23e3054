import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { BalanceState } from '../contract.js';

export interface BalanceRow {
  readonly postedNanos: bigint;
  readonly heldNanos: bigint;
  /** What usage cost during the burn window. */
  readonly burnNanos: bigint;
}

/** Balances of organizations, read from the ledger's accounts at this moment in one statement; nothing is remembered. */
export async function balancesOf(
  tx: Transaction,
  request: { organizationIds: readonly string[]; now: Date; burnSeconds: number },
): Promise<Map<string, BalanceRow>> {
  const rows = await tx.prepared<{ id: string; posted: string; held: string; burn: string }>(
    'billing.balances',
    `select o.id, b.posted, b.held, coalesce((
       select sum(l.amount_nanos) from billing.rated_lines l
       where l.organization_id = o.id and l.created_at > $2::timestamptz - make_interval(secs => $3)), 0) as burn
     from unnest($1::text[]) as o (id) cross join lateral billing.balance(o.id, $2) b`,
    [request.organizationIds, request.now, request.burnSeconds],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      { postedNanos: BigInt(row.posted), heldNanos: BigInt(row.held), burnNanos: BigInt(row.burn) },
    ]),
  );
}

export interface StandingRow {
  readonly [column: string]: unknown;
  readonly organizationId: string;
  readonly state: BalanceState;
  readonly ledgerVersion: bigint;
  /** Money moved since it was assessed. */
  readonly hasMoved: boolean;
}

const STANDING = `organization_id as "organizationId", state, ledger_version as "ledgerVersion",
  ledger_version <> assessed_version as "hasMoved"`;

/** Accounts that moved since they were assessed, and those whose standing depends on time. */
export async function unassessedAccounts(tx: Transaction, limit: number): Promise<StandingRow[]> {
  return tx.rows<StandingRow>(
    `select ${STANDING} from billing.billing_accounts
     where ledger_version <> assessed_version or state = 'auto_release_pending'
     order by ledger_version = assessed_version, organization_id limit $1`,
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
