import type { Database } from '../database/database.js';
import type { Transaction } from '../database/transaction.js';
import { EVENT_TOPIC } from './event-type.js';

export interface OutboxEntry {
  readonly [column: string]: unknown;
  readonly xid: string;
  readonly id: bigint;
  readonly organization_id: string | null;
  readonly body: Record<string, unknown>;
}

/** A log that rows of one outbox topic are sequenced into. */
export interface SequencedLog {
  readonly topic: string;
  /** Name of its row in `kernel.log_heads`. */
  readonly log: string;
  /** Writes the entries at `firstPosition`, `firstPosition + 1`, … in the transaction that takes them off the outbox. */
  append(tx: Transaction, entries: readonly OutboxEntry[], firstPosition: bigint): Promise<void>;
}

/** A log whose entries are copied as they are: they need not leave the database on the way. */
export interface CopiedLog {
  readonly topic: string;
  readonly log: string;
  /** An INSERT from `numbered (position, organization_id, body)`. */
  readonly copy: string;
}

const BATCH = 1024;

// Rows of transactions older than the oldest one still open cannot be joined by earlier ones any more: their order is
// final. (xid, id) is that order. Reading a sequence alone would skip rows of transactions that commit late.
const TAKEN = `
  with taken as (
    select topic, xid, id from kernel.outbox
    where topic = $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, id limit ${BATCH}
  ), deleted as (
    delete from kernel.outbox o using taken t
    where o.topic = t.topic and o.xid = t.xid and o.id = t.id
    returning o.xid, o.id, o.organization_id, o.body
  )`;

const TAKE = `${TAKEN}
  select xid::text as xid, id, organization_id, body from deleted order by deleted.xid, id`;

const ADVANCE = `
  update kernel.log_heads set last_position = last_position + $2 where log = $1
  returning last_position - $2 + 1 as first_position`;

const copyStatement = (copy: string): string => `${TAKEN}, advanced as (
    update kernel.log_heads set last_position = last_position + (select count(*) from deleted)
    where log = $2 and exists (select from deleted)
    returning last_position - (select count(*) from deleted) as before
  ), numbered as (
    select before + row_number() over (order by xid, id) as position, organization_id, body from deleted, advanced
  )
  ${copy}`;

/**
 * Moves one batch of committed outbox rows into the log and answers how many. The head row is locked first, so that two
 * sequencers at once are slow but never wrong.
 */
export async function sequenceBatch(database: Database, log: SequencedLog | CopiedLog): Promise<number> {
  return database.transaction('system', async (tx) => {
    // A statement of its own: what is taken must be looked at after the lock is held.
    const heads = await tx.prepared(
      'kernel.log_heads.lock',
      'select log from kernel.log_heads where log = $1 for update',
      [log.log],
    );
    if (heads.length === 0) throw new Error(`kernel.log_heads has no row "${log.log}"`);
    if ('copy' in log) return tx.execute(copyStatement(log.copy), [log.topic, log.log]);
    const entries = await tx.prepared<OutboxEntry>('kernel.outbox.take', TAKE, [log.topic]);
    if (entries.length === 0) return 0;
    const head = (await tx.rows<{ first_position: bigint }>(ADVANCE, [log.log, entries.length]))[0];
    if (head === undefined) throw new Error(`kernel.log_heads has no row "${log.log}"`);
    await log.append(tx, entries, head.first_position);
    return entries.length;
  });
}

/** The event log of the platform. */
export const eventLog: CopiedLog = {
  topic: EVENT_TOPIC,
  log: 'events',
  copy: `insert into kernel.event_log
      (position, event_id, type, organization_id, project_id, subject_type, subject_id, occurred_at, body)
    select position, body->>'id', body->>'type', body->>'organizationid', body->>'projectid', body->>'subjecttype',
      body->>'subject', (body->>'time')::timestamptz, body
    from numbered`,
};
