import type { Database } from '../../../../kernel/database/database.js';
import { type AuditFault, AuditVerifier, type VerifiedBatch, type VerifiedRecord } from '../domain/audit-verifier.js';

const PAGE = 1000n;

export interface AuditVerification {
  readonly treeSize: bigint;
  /** Hexadecimal; of the tree that was recomputed from the leaves, as far as it was checked. */
  readonly rootHash: string;
  readonly checkedRecords: bigint;
  /** Records whose body was erased: only their leaves can be checked. */
  readonly erasedRecords: bigint;
  /** False when the bound was reached before the end of the log. */
  readonly isComplete: boolean;
  readonly fault: AuditFault | null;
}

export interface VerificationOptions {
  /** Bound of the work, in records. */
  readonly recordsMax: bigint;
  /** A tree size and root (hexadecimal) that somebody kept outside: proves that nobody rewrote the whole. */
  readonly checkpoint?: { readonly treeSize: bigint; readonly rootHash: string } | undefined;
}

interface Head extends Record<string, unknown> {
  readonly treeSize: bigint;
  readonly root: Buffer;
  readonly position: bigint;
}

/**
 * Recomputes every body's commitment, every leaf and every root from the first record on, and reports the first fault.
 * Reads in pages of short transactions, so that it never holds the sequencer back; the log may grow meanwhile.
 */
export async function verifyAuditLog(database: Database, options: VerificationOptions): Promise<AuditVerification> {
  const head = await readHead(database);
  const verifier = new AuditVerifier({
    treeSize: head.treeSize,
    root: head.root,
    position: head.position,
    checkpoint: options.checkpoint,
  });
  const end = head.treeSize < options.recordsMax ? head.treeSize : options.recordsMax;
  for (let from = 0n; from < end && verifier.fault === null; from += PAGE) {
    const to = from + PAGE < end ? from + PAGE : end;
    const { records, batches } = await readPage(database, from, to);
    verifier.check(records, batches, to);
  }
  const isComplete = end === head.treeSize;
  if (isComplete) verifier.finish(await countBeyond(database, head.treeSize));
  const { checked, erased, fault, root } = verifier;
  return {
    treeSize: head.treeSize,
    rootHash: root.toString('hex'),
    checkedRecords: checked,
    erasedRecords: erased,
    isComplete,
    fault,
  };
}

async function readHead(database: Database): Promise<Head> {
  const row = await database.read('system', (tx) =>
    // One statement, so that both are of one moment.
    tx.row<Head>(
      `select h.tree_size as "treeSize", h.root, l.last_position as position
       from evidence.audit_head h, kernel.log_heads l where l.log = 'audit'`,
    ),
  );
  if (row === null) throw new Error('the audit log has no head');
  return row;
}

async function readPage(
  database: Database,
  from: bigint,
  to: bigint,
): Promise<{ records: VerifiedRecord[]; batches: VerifiedBatch[] }> {
  return database.read('system', async (tx) => ({
    records: await tx.rows<VerifiedRecord>(
      `select r.log_index as "logIndex", r.commitment, r.leaf_hash as "leafHash", b.salt, b.body, e.log_index is not null as "isErased",
         jsonb_build_object('id', r.id, 'organizationId', r.organization_id, 'projectId', r.project_id, 'scopeLevel', r.scope_level,
           'scopeId', r.scope_id, 'action', r.action, 'result', r.result, 'actorKind', r.actor_kind, 'actorId', r.actor_id,
           'targetType', r.target_type, 'targetId', r.target_id, 'correlationId', r.correlation_id, 'reasonCode', r.reason_code,
           'occurredAt', to_char(r.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as columns
       from evidence.audit_records r
         left join evidence.audit_bodies b using (log_index) left join evidence.audit_erasures e using (log_index)
       where r.log_index >= $1 and r.log_index < $2 order by r.log_index`,
      [from, to],
    ),
    batches: await tx.rows<VerifiedBatch>(
      `select first_index as "firstIndex", last_index as "lastIndex", root from evidence.audit_batches
       where last_index >= $1 and last_index < $2 order by last_index`,
      [from, to],
    ),
  }));
}

/** Records past the end of the tree that was read; those appended since then belong to batches. */
async function countBeyond(database: Database, treeSize: bigint): Promise<bigint> {
  const row = await database.read('system', (tx) =>
    tx.row<{ count: bigint }>(
      `select count(*) as count from evidence.audit_records r
       where r.log_index >= $1 and r.log_index >= (select tree_size from evidence.audit_head)`,
      [treeSize],
    ),
  );
  return row?.count ?? 0n;
}
