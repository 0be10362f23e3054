import type { Transaction } from '../../../../../kernel/database/transaction.js';

export type RevocationSubject = 'token' | 'session' | 'api_key' | 'service_account_key' | 'service_account' | 'user';

export interface Revocation {
  readonly subjectType: RevocationSubject;
  readonly subjectId: string;
}

/** Longer than any cache keeps what it verified. */
const REMEMBER_SECONDS = 24 * 3600;

/**
 * Tells every process, with the commit of the transaction, that something counts no more. `forgetAt` is when a token
 * would have ended anyway; for everything else, when no cache can hold it any longer.
 */
export async function recordRevocation(tx: Transaction, revocation: Revocation & { forgetAt?: Date }): Promise<void> {
  const forgetAt = revocation.forgetAt ?? new Date(Date.now() + REMEMBER_SECONDS * 1000);
  await tx.execute(
    `insert into iam.revocations (subject_type, subject_id, forget_at) values ($1, $2, $3) on conflict do nothing`,
    [revocation.subjectType, revocation.subjectId, forgetAt],
  );
}
