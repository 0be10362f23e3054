import { z } from 'zod';
import type { Statement } from '../database/statement-batch.js';
import type { Transaction } from '../database/transaction.js';
import { type Refused, refuse } from '../errors/refusal.js';
import { canonicalHash } from './canonical-hash.js';
import type { CommandResult, Json } from './command.js';

/** Chosen by the client, one per logical mutation. */
export const idempotencyKey = z
  .string()
  .min(1, 'must not be empty')
  .max(128, 'must have at most 128 characters')
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
  .optional();

export interface IdempotencyEntry {
  readonly principalId: string;
  readonly action: string;
  readonly key: string;
  readonly inputHash: string;
}

export interface StoredResult {
  readonly inputHash: string;
  readonly value: Json;
  readonly auditId: string;
}

/** The entry of a keyed input, or null when the caller gave no key. */
export function idempotencyEntry(principalId: string, action: string, input: unknown): IdempotencyEntry | null {
  const { idempotencyKey: key, ...rest } = input as { idempotencyKey?: string };
  return key === undefined ? null : { principalId, action, key, inputHash: canonicalHash(rest) };
}

/** What names an entry among those of its action. */
export function nameOf(entry: Pick<IdempotencyEntry, 'principalId' | 'key'>): string {
  return `${entry.principalId} ${entry.key}`;
}

/** For the round trip that opens the transaction. All entries are of one action. */
export function findStatement(entries: readonly IdempotencyEntry[]): Statement {
  return {
    name: 'kernel.idempotency.find',
    // One index look-up for each key, however little the planner knows of the table. Arrays come from sub-selects, so that
    // their lengths do not tempt it to plan again for each group.
    text: `select wanted.principal_id, wanted.key, known.input_hash, known.result, known.audit_id
      from unnest((select $1::text[]), (select $2::text[])) as wanted (principal_id, key)
      cross join lateral (
        select i.input_hash, i.result, i.audit_id from kernel.idempotency i
        where i.principal_id = wanted.principal_id and i.action = $3 and i.key = wanted.key limit 1
      ) known`,
    values: [entries.map((entry) => entry.principalId), entries.map((entry) => entry.key), entries[0]?.action],
  };
}

interface FoundRow {
  readonly principal_id: string;
  readonly key: string;
  readonly input_hash: string;
  readonly result: { readonly value: Json };
  readonly audit_id: string;
}

/** What {@link findStatement} found, by {@link nameOf}. */
export function storedResults(rows: readonly Record<string, unknown>[] | undefined): Map<string, StoredResult> {
  return new Map(
    ((rows ?? []) as unknown as readonly FoundRow[]).map((row) => [
      nameOf({ principalId: row.principal_id, key: row.key }),
      { inputHash: row.input_hash, value: row.result.value, auditId: row.audit_id },
    ]),
  );
}

/** The first result again; IDEMPOTENCY_CONFLICT when the key was used with another input. */
export function replayOf(
  stored: StoredResult,
  entry: IdempotencyEntry,
  accessRevision: string,
): (CommandResult<Json> & { readonly ok: true }) | Refused {
  if (stored.inputHash !== entry.inputHash) {
    return refuse(
      'IDEMPOTENCY_CONFLICT',
      'This idempotency key was used before with another input. Use a new key for a new request.',
      { field: ['input', 'idempotencyKey'] },
    );
  }
  const receipt = { auditId: stored.auditId, accessRevision, isReplay: true };
  return { ok: true, value: stored.value, receipt };
}

/** A result, to be kept under its entry. */
export interface KeyedResult {
  readonly entry: IdempotencyEntry;
  readonly value: Json;
  readonly auditId: string;
}

/**
 * Keeps results, with the commit. A concurrent command with the same key waits there for the other's commit and then
 * fails on the primary key: the pipeline runs it again and finds the stored result.
 */
export function storeResults(tx: Transaction, results: readonly KeyedResult[]): void {
  tx.defer({
    name: 'kernel.idempotency.store',
    text: `insert into kernel.idempotency (principal_id, action, key, input_hash, result, audit_id)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[])`,
    values: [
      results.map(({ entry }) => entry.principalId),
      results.map(({ entry }) => entry.action),
      results.map(({ entry }) => entry.key),
      results.map(({ entry }) => entry.inputHash),
      results.map(({ value }) => JSON.stringify({ value })),
      results.map(({ auditId }) => auditId),
    ],
  });
}
