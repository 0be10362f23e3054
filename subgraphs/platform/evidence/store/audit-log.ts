import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../../../../kernel/commands/canonical-hash.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { OutboxEntry, SequencedLog } from '../../../../kernel/events/sequencer.js';
import type { AuditBody } from '../domain/audit-body.js';
import { type AuditLeaf, SALT_BYTES, auditLeaf } from '../domain/audit-leaf.js';
import { CompactRange } from '../domain/merkle-tree.js';
import { type AuditColumns, auditColumns } from '../domain/audit-columns.js';

/** Topic of the outbox whose rows become the audit log. */
export const AUDIT_TOPIC = 'audit';

interface Record {
  readonly columns: AuditColumns;
  readonly salt: Buffer;
  readonly text: string;
  readonly leaf: AuditLeaf;
}

/** The head row: where the next batch continues. The sequencer holds the lock on the log before it reads it. */
async function readHead(tx: Transaction): Promise<CompactRange> {
  const head = await tx.row<{ tree_size: bigint; compact_range: Buffer[] }>(
    'select tree_size, compact_range from evidence.audit_head',
  );
  if (head === null) throw new Error('evidence.audit_head has no row');
  return new CompactRange(head.tree_size, head.compact_range);
}

/**
 * The audit log: gap-free, append-only, with the Merkle tree hash over everything so far stored per batch. The whole
 * batch, its root and the head move in the transaction that takes the entries off the outbox.
 */
export const auditLog: SequencedLog = {
  topic: AUDIT_TOPIC,
  log: 'audit',
  async append(tx, entries, firstPosition) {
    // Positions of a log begin at 1, indices of a tree (RFC 6962) at 0.
    const firstIndex = firstPosition - 1n;
    const range = await readHead(tx);
    if (range.size !== firstIndex)
      throw new Error(`the audit tree has ${range.size} leaves, and record ${firstIndex} is to follow`);
    const records = entries.map((entry) => toRecord(entry));
    for (const { leaf } of records) range.append(leaf.leafHash);
    await insertRecords(tx, records, firstIndex);
    await insertBatch(tx, range, firstIndex);
  },
};

function toRecord(entry: OutboxEntry): Record {
  const salt = randomBytes(SALT_BYTES);
  const text = canonicalJson(entry.body);
  return { columns: auditColumns(entry.body as unknown as AuditBody), salt, text, leaf: auditLeaf(salt, text) };
}

async function insertRecords(tx: Transaction, records: readonly Record[], firstIndex: bigint): Promise<void> {
  const column = (name: keyof AuditColumns): (string | null)[] => records.map(({ columns }) => columns[name]);
  await tx.prepared(
    'evidence.audit_records.append',
    `insert into evidence.audit_records
       (log_index, id, organization_id, project_id, scope_level, scope_id, action, result, actor_kind, actor_id,
        target_type, target_id, correlation_id, reason_code, occurred_at, commitment, leaf_hash)
     select $1::bigint + ordinality - 1, id, organization_id, project_id, scope_level, scope_id, action, result, actor_kind,
       actor_id, target_type, target_id, correlation_id, reason_code, occurred_at::timestamptz, commitment, leaf_hash
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
       $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bytea[], $17::bytea[]) with ordinality
       as entry (id, organization_id, project_id, scope_level, scope_id, action, result, actor_kind, actor_id, target_type,
         target_id, correlation_id, reason_code, occurred_at, commitment, leaf_hash, ordinality)`,
    [
      firstIndex,
      column('id'),
      column('organizationId'),
      column('projectId'),
      column('scopeLevel'),
      column('scopeId'),
      column('action'),
      column('result'),
      column('actorKind'),
      column('actorId'),
      column('targetType'),
      column('targetId'),
      column('correlationId'),
      column('reasonCode'),
      column('occurredAt'),
      records.map(({ leaf }) => leaf.commitment),
      records.map(({ leaf }) => leaf.leafHash),
    ],
  );
  await tx.prepared(
    'evidence.audit_bodies.append',
    `insert into evidence.audit_bodies (log_index, organization_id, salt, body)
     select $1::bigint + ordinality - 1, organization_id, salt, body
     from unnest($2::text[], $3::bytea[], $4::text[]) with ordinality as entry (organization_id, salt, body, ordinality)`,
    [firstIndex, column('organizationId'), records.map(({ salt }) => salt), records.map(({ text }) => text)],
  );
}

async function insertBatch(tx: Transaction, range: CompactRange, firstIndex: bigint): Promise<void> {
  const root = range.root();
  await tx.prepared(
    'evidence.audit_batches.append',
    'insert into evidence.audit_batches (first_index, last_index, tree_size, root) values ($1, $2, $3, $4)',
    [firstIndex, range.size - 1n, range.size, root],
  );
  await tx.prepared(
    'evidence.audit_head.advance',
    'update evidence.audit_head set tree_size = $1, root = $2, compact_range = $3, sequenced_at = now()',
    [range.size, root, range.hashes],
  );
}
