import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { HoldRequest } from '../contract.js';

export interface HoldAnswer {
  readonly outcome: 'held' | 'exists' | 'closed' | 'taken' | 'balance' | 'budget';
  readonly holdId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export async function holdStatement(
  tx: Transaction,
  input: { request: HoldRequest; holdId: string; now: Date; month: string },
): Promise<HoldAnswer> {
  const { request, now } = input;
  const { organizationId, departmentId, projectId } = request.place;
  const rows = await tx.prepared<{
    outcome: HoldAnswer['outcome'];
    hold_id: string | null;
    details: Record<string, unknown>;
  }>('billing.hold', 'select * from billing.hold($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
    input.holdId,
    newId('ltr'),
    organizationId,
    departmentId,
    projectId,
    request.amountNanos,
    request.reference,
    request.reason,
    request.priceSnapshotId ?? null,
    request.ttlSeconds,
    now,
    input.month,
  ]);
  const row = only(rows);
  return { outcome: row.outcome, holdId: row.hold_id, details: row.details };
}

/** Holds what can be held in one go, and answers the hold of each reference; others have to be asked for one by one. */
export async function holdTogetherStatement(
  tx: Transaction,
  input: { requests: readonly HoldRequest[]; now: Date; month: string },
): Promise<ReadonlyMap<string, string>> {
  const { requests, now, month } = input;
  const holdIds = requests.map(() => newId('hld'));
  const rows = await tx.prepared<{ held: string[] }>(
    'billing.hold_together',
    'select billing.hold_together($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) as held',
    [
      holdIds,
      requests.map(() => newId('ltr')),
      requests.map(({ place }) => place.organizationId),
      requests.map(({ place }) => place.departmentId),
      requests.map(({ place }) => place.projectId),
      requests.map(({ amountNanos }) => amountNanos),
      requests.map(({ reference }) => reference),
      requests.map(({ reason }) => reason),
      requests.map(({ priceSnapshotId }) => priceSnapshotId ?? null),
      requests.map(({ ttlSeconds }) => ttlSeconds),
      now,
      month,
    ],
  );
  const held = new Set(only(rows).held);
  return new Map(
    requests.flatMap(({ reference }, at) => (held.has(reference) ? [[reference, holdIds[at] ?? '']] : [])),
  );
}

export interface SettleAnswer {
  readonly outcome: 'settled' | 'missing' | 'closed' | 'conflict' | 'above';
  readonly transferId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export async function settleStatement(
  tx: Transaction,
  input: { reference: string; amountNanos: bigint; now: Date; month: string },
): Promise<SettleAnswer> {
  const rows = await tx.prepared<{
    outcome: SettleAnswer['outcome'];
    transfer_id: string | null;
    details: Record<string, unknown>;
  }>('billing.settle', 'select * from billing.settle($1, $2, $3, $4, $5)', [
    input.reference,
    input.amountNanos,
    [newId('ltr'), newId('ltr'), newId('ltr')],
    input.now,
    input.month,
  ]);
  const row = only(rows);
  return { outcome: row.outcome, transferId: row.transfer_id, details: row.details };
}

/** Gives a hold back and answers how much; null when it was not active any more. */
export async function releaseStatement(
  tx: Transaction,
  input: { reference: string; state: 'voided' | 'expired'; reason: string; now: Date },
): Promise<bigint | null> {
  const rows = await tx.prepared<{ given_back: string | null }>(
    'billing.release',
    'select billing.release($1, $2, $3, $4, $5) as given_back',
    [input.reference, input.state, input.reason, [newId('ltr'), newId('ltr')], input.now],
  );
  const { given_back: givenBack } = only(rows);
  return givenBack === null ? null : BigInt(givenBack);
}

export function only<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Error('a function of the ledger answered nothing');
  return row;
}
