import type { Transaction } from '../../../../kernel/database/transaction.js';

/** How far the log is behind what was committed to the outbox. */
export interface AuditLag {
  /** Records that wait; counted up to {@link PENDING_COUNTED_MAX}. */
  readonly pendingRecords: number;
  /** Age of the oldest record that waits, in seconds; 0 when none does. */
  readonly lagSeconds: number;
}

/** Above this the sequencer is stopped, or an open transaction freezes its horizon: somebody must look. */
export const LAG_SECONDS_ALARM = 10;
export const PENDING_COUNTED_MAX = 10_000;

export async function readAuditLag(tx: Transaction): Promise<AuditLag> {
  const row = await tx.row<{ pending: number; lag: number | null }>(
    `select count(*)::int as pending, extract(epoch from clock_timestamp() - min((body ->> 'occurredAt')::timestamptz))::float8 as lag
     from (select body from kernel.outbox where topic = 'audit' order by xid, id limit ${PENDING_COUNTED_MAX}) as waiting`,
  );
  return { pendingRecords: row?.pending ?? 0, lagSeconds: Math.max(0, row?.lag ?? 0) };
}
