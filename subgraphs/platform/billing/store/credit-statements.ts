import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { only } from './hold-statements.js';

export interface Credit {
  readonly transferId: string;
  readonly organizationId: string;
  readonly amountNanos: bigint;
  /** The payment or voucher behind it; it counts once. */
  readonly reference: string | null;
  /** Set for a grant of credit: which is used first (lower before higher), and until when. */
  readonly grant: { readonly priority: number; readonly expiresAt: Date | null } | null;
  readonly actorId: string;
  readonly correlationId: string;
  readonly now: Date;
}

/** False when the reference was counted before; then nothing moved. */
export async function creditStatement(tx: Transaction, credit: Credit): Promise<boolean> {
  const grant =
    credit.grant === null
      ? null
      : JSON.stringify({ priority: credit.grant.priority, expires_at: credit.grant.expiresAt });
  const rows = await tx.prepared<{ credited: boolean }>(
    'billing.credit',
    'select billing.credit($1, $2, $3, $4, $5, $6, $7, $8, $9) as credited',
    [
      credit.organizationId,
      credit.transferId,
      newId('ltr'),
      credit.amountNanos,
      credit.reference,
      grant,
      credit.actorId,
      credit.correlationId,
      credit.now,
    ],
  );
  return only(rows).credited;
}

export async function transferByReference(
  tx: Transaction,
  request: { organizationId: string; code: 'top_up' | 'credit_grant'; reference: string },
): Promise<{ id: string; amountNanos: bigint } | null> {
  return tx.row<{ id: string; amountNanos: bigint }>(
    `select id, amount_nanos as "amountNanos" from billing.transfers where organization_id = $1 and code = $2 and reference = $3`,
    [request.organizationId, request.code, request.reference],
  );
}

/** Grants whose time is over and that have something left: account path and organization. */
export async function expiredGrants(
  tx: Transaction,
  request: { now: Date; limit: number },
): Promise<{ id: string; organizationId: string }[]> {
  return tx.rows<{ id: string; organizationId: string }>(
    `select id, organization_id as "organizationId" from billing.accounts
     where code = 'credits_granted' and expires_at <= $1 and credits_posted - debits_posted - debits_pending > 0
     order by id limit $2`,
    [request.now, request.limit],
  );
}

/** Moves what an expired grant has left to breakage; answers how much. */
export async function expireGrant(
  tx: Transaction,
  request: { accountId: string; organizationId: string; correlationId: string; actorId: string; now: Date },
): Promise<bigint> {
  await tx.rows('select billing.lock_money($1)', [request.organizationId]);
  const row = await tx.row<{ amount_nanos: bigint }>(
    `insert into billing.transfers (id, organization_id, kind, code, debit_account_id, credit_account_id, amount_nanos, actor_id, correlation_id, created_at)
     select $2, organization_id, 'single', 'credit_expiry', id, billing.open_account(organization_id, 'breakage'),
       credits_posted - debits_posted - debits_pending, $3, $4, $5
     from billing.accounts
     where id = $1 and code = 'credits_granted' and expires_at <= $5 and credits_posted - debits_posted - debits_pending > 0
     returning amount_nanos`,
    [request.accountId, newId('ltr'), request.actorId, request.correlationId, request.now],
  );
  return row?.amount_nanos ?? 0n;
}
