import type { Transaction } from '../../../../kernel/database/transaction.js';

/** Accounts that moved since they were reconciled, and after them those that were found to drift. */
export async function unreconciledAccounts(
  tx: Transaction,
  limit: number,
): Promise<{ organizationId: string; ledgerVersion: bigint }[]> {
  return tx.rows<{ organizationId: string; ledgerVersion: bigint }>(
    `select organization_id as "organizationId", ledger_version as "ledgerVersion" from billing.billing_accounts
     where ledger_version <> reconciled_version or drifted_since is not null
     order by drifted_since is not null, organization_id limit $1`,
    [limit],
  );
}

export async function markReconciled(
  tx: Transaction,
  row: { organizationId: string; ledgerVersion: bigint; isDrifted: boolean },
): Promise<void> {
  await tx.execute(
    `update billing.billing_accounts set reconciled_version = $2,
       drifted_since = case when $3::boolean then coalesce(drifted_since, now()) end where organization_id = $1`,
    [row.organizationId, row.ledgerVersion, row.isDrifted],
  );
}

/** How many ledgers do not add up. */
export async function driftedLedgers(tx: Transaction): Promise<bigint> {
  const row = await tx.row<{ count: bigint }>(
    'select count(*) as count from billing.billing_accounts where drifted_since is not null',
  );
  return row?.count ?? 0n;
}

/** Accounts whose totals differ from the sum of their transfers. */
export async function driftOf(tx: Transaction, organizationId: string): Promise<string[]> {
  const rows = await tx.rows<{ account_id: string }>('select account_id from billing.ledger_drift($1)', [
    organizationId,
  ]);
  return rows.map((row) => row.account_id);
}

export interface UnitReconciliation {
  readonly [column: string]: unknown;
  readonly unit: string;
  readonly records: bigint;
  readonly acceptedBaseQuantity: string;
  readonly ratedBaseQuantity: string;
  readonly ratedNanos: string;
  readonly ledgerNanos: string;
}

export async function usageReconciliation(tx: Transaction, organizationId: string): Promise<UnitReconciliation[]> {
  return tx.rows<UnitReconciliation>(
    `select unit, records, accepted_base_quantity::text as "acceptedBaseQuantity", rated_base_quantity::text as "ratedBaseQuantity",
       rated_nanos::text as "ratedNanos", ledger_nanos::text as "ledgerNanos"
     from billing.usage_reconciliation($1)`,
    [organizationId],
  );
}

export interface Conservation {
  readonly debitsPosted: bigint;
  readonly creditsPosted: bigint;
  readonly debitsPending: bigint;
  readonly creditsPending: bigint;
}

/** Sums over all accounts of an organization: debits and credits are equal. */
export async function conservationOf(tx: Transaction, organizationId: string): Promise<Conservation> {
  const row = await tx.row<Record<keyof Conservation, string>>(
    `select coalesce(sum(debits_posted), 0)::text as "debitsPosted", coalesce(sum(credits_posted), 0)::text as "creditsPosted",
       coalesce(sum(debits_pending), 0)::text as "debitsPending", coalesce(sum(credits_pending), 0)::text as "creditsPending"
     from billing.accounts where organization_id = $1`,
    [organizationId],
  );
  return {
    debitsPosted: BigInt(row?.debitsPosted ?? 0),
    creditsPosted: BigInt(row?.creditsPosted ?? 0),
    debitsPending: BigInt(row?.debitsPending ?? 0),
    creditsPending: BigInt(row?.creditsPending ?? 0),
  };
}
