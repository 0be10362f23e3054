import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { UsageEvent } from '../contract.js';
import { only } from './hold-statements.js';
import type { SnapshotRecord } from './price-queries.js';

export interface RatedUsage {
  readonly id: string;
  readonly event: UsageEvent;
  readonly contentHash: string;
  readonly basePerUnit: bigint;
  readonly snapshot: SnapshotRecord;
  readonly amountNanos: bigint;
  readonly now: Date;
  readonly month: string;
}

export interface RecordAnswer {
  readonly outcome: 'recorded' | 'duplicate' | 'conflict';
  readonly usageId: string;
  readonly amountNanos: bigint;
}

/** Dedupes, keeps the event and its rated line, and posts: one statement, so that none of it can be without the rest. */
export async function recordUsageStatement(tx: Transaction, usage: RatedUsage): Promise<RecordAnswer> {
  const rows = await tx.prepared<{ outcome: RecordAnswer['outcome']; usage_id: string; amount: string }>(
    'billing.record_usage',
    'select outcome, usage_id, amount from billing.record_usage($1, $2, $3, $4, $5)',
    [JSON.stringify(usageRow(usage)), JSON.stringify(lineRow(usage)), newId('ltr'), usage.now, usage.month],
  );
  const row = only(rows);
  return { outcome: row.outcome, usageId: row.usage_id, amountNanos: BigInt(row.amount ?? 0) };
}

function usageRow({ id, event, contentHash, now }: RatedUsage): Record<string, unknown> {
  return {
    id,
    event_id: event.id,
    source: event.source,
    content_hash: contentHash,
    product_id: event.productId,
    organization_id: event.place.organizationId,
    department_id: event.place.departmentId,
    project_id: event.place.projectId,
    actor_id: event.actorId,
    unit: event.unit,
    base_quantity: event.baseQuantity.toString(),
    window_start: event.windowStart,
    window_end: event.windowEnd,
    resource_type: event.resourceType,
    resource_id: event.resourceId,
    allocation_id: event.allocationId ?? null,
    app_instance_id: event.appInstanceId ?? null,
    hold_reference: event.holdReference ?? null,
    metadata: event.metadata ?? {},
    correlation_id: event.correlationId,
    created_at: now,
  };
}

function lineRow({ id, event, basePerUnit, snapshot, amountNanos, now }: RatedUsage): Record<string, unknown> {
  return {
    usage_id: id,
    organization_id: event.place.organizationId,
    price_snapshot_id: snapshot.id,
    price_snapshot_hash: snapshot.hash,
    base_quantity: event.baseQuantity.toString(),
    base_per_unit: basePerUnit.toString(),
    unit_price_nanos: snapshot.unitPriceNanos.toString(),
    amount_nanos: amountNanos.toString(),
    currency: snapshot.currency,
    created_at: now,
  };
}
