import { z } from 'zod';
import type { Statement } from '../database/statement-batch.js';
import type { Transaction } from '../database/transaction.js';
import { canonicalHash } from './canonical-hash.js';
import type { Json, Receipt } from './command.js';

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

/** For the round trip that opens the transaction. */
export function findStatement(entry: IdempotencyEntry): Statement {
  return {
    name: 'kernel.idempotency.find',
    text: `select input_hash, result, audit_id from kernel.idempotency
      where principal_id = $1 and action = $2 and key = $3`,
    values: [entry.principalId, entry.action, entry.key],
  };
}

export function storedResult(rows: readonly Record<string, unknown>[] | undefined): StoredResult | null {
  const row = rows?.[0] as { input_hash: string; result: { value: Json }; audit_id: string } | undefined;
  return row === undefined ? null : { inputHash: row.input_hash, value: row.result.value, auditId: row.audit_id };
}

/**
 * Keeps the result, with the commit. A concurrent command with the same key waits there for the other's commit and then
 * fails on the primary key: the pipeline runs it again and finds the stored result.
 */
export function storeResult(tx: Transaction, entry: IdempotencyEntry, value: Json, receipt: Receipt): void {
  tx.defer({
    name: 'kernel.idempotency.store',
    text: `insert into kernel.idempotency (principal_id, action, key, input_hash, result, audit_id)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [entry.principalId, entry.action, entry.key, entry.inputHash, JSON.stringify({ value }), receipt.auditId],
  });
}
