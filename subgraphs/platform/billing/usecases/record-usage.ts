import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, type Refused, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { emitEvent } from '../../../../kernel/events/event-type.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { Registry, UsageUnit } from '../../registry/index.js';
import type { Usage, UsageEvent } from '../contract.js';
import { usageRecorded } from '../domain/billing-events.js';
import { accountingMonth, rate } from '../domain/price.js';
import { faultOf } from '../domain/usage-faults.js';
import type { SnapshotRecord } from '../store/price-queries.js';
import type { SnapshotCache } from '../store/snapshot-cache.js';
import { recordUsageStatement } from '../store/usage-statements.js';

export interface UsageDependencies {
  readonly registry: Pick<Registry, 'usageUnit' | 'isActiveProduct'>;
  readonly snapshots: SnapshotCache;
  readonly clock: () => Date;
}

interface Rateable {
  readonly unit: UsageUnit;
  readonly snapshot: SnapshotRecord;
  readonly amountNanos: bigint;
}

/** What 64 bits of nano-units hold: some nine billion main units. */
const AMOUNT_MAX = 2n ** 63n - 1n;

/** Usage intake: accepted, rated and posted in the caller's transaction, in one statement once the snapshot is known. */
export function createUsage(deps: UsageDependencies): Usage {
  return {
    async record(tx, event) {
      const rateable = await check(deps, tx, event);
      if ('ok' in rateable) return rateable;
      return post(deps, tx, event, rateable);
    },
  };
}

async function check(deps: UsageDependencies, tx: Transaction, event: UsageEvent): Promise<Rateable | Refused> {
  if (!deps.registry.isActiveProduct(event.productId)) {
    return refuse('NOT_REGISTERED', `Product ${event.productId} is not active, so its usage is not accepted.`, {
      field: ['productId'],
    });
  }
  const unit = deps.registry.usageUnit(event.unit);
  if (unit === null || !unit.productIds.includes(event.productId)) {
    return refuse('NOT_REGISTERED', `${event.productId} has no registered usage unit ${event.unit}.`, {
      field: ['unit'],
    });
  }
  const fault = faultOf(event);
  if (fault !== null) return refuse('INVALID_INPUT', fault.message, { field: [fault.field] });
  const snapshot = await deps.snapshots.find(tx, event.priceSnapshotId);
  if (
    snapshot === null ||
    (snapshot.organizationId !== null && snapshot.organizationId !== event.place.organizationId)
  ) {
    return refuse('PRICE_UNKNOWN', 'There is no such price snapshot.', { field: ['priceSnapshotId'] });
  }
  if (snapshot.unit !== event.unit) {
    return refuse('INVALID_INPUT', `The price snapshot is per ${snapshot.unit}, the usage is in ${event.unit}.`, {
      field: ['unit'],
    });
  }
  const amountNanos = rate(event.baseQuantity, {
    basePerUnit: unit.basePerUnit,
    unitPriceNanos: snapshot.unitPriceNanos,
  });
  if (amountNanos > AMOUNT_MAX)
    return refuse('INVALID_INPUT', 'The quantity costs more than a transfer can hold.', { field: ['baseQuantity'] });
  return { unit, snapshot, amountNanos };
}

/** What must be the same when the same event is delivered again. */
export function contentHash(event: UsageEvent): string {
  const {
    productId,
    place,
    unit,
    baseQuantity,
    windowStart,
    windowEnd,
    priceSnapshotId,
    resourceType,
    resourceId,
    allocationId,
    appInstanceId,
  } = event;
  return canonicalHash({
    productId,
    place,
    unit,
    baseQuantity,
    windowStart,
    windowEnd,
    priceSnapshotId,
    resourceType,
    resourceId,
    allocationId: allocationId ?? null,
    appInstanceId: appInstanceId ?? null,
  });
}

async function post(
  deps: UsageDependencies,
  tx: Transaction,
  event: UsageEvent,
  { unit, snapshot, amountNanos }: Rateable,
): Promise<Outcome<{ usageId: string; amountNanos: bigint; isDuplicate: boolean }>> {
  const now = deps.clock();
  const answer = await recordUsageStatement(tx, {
    id: newId('usg'),
    event,
    contentHash: contentHash(event),
    basePerUnit: unit.basePerUnit,
    snapshot,
    amountNanos,
    now,
    month: accountingMonth(now),
  });
  if (answer.outcome === 'conflict') {
    return refuse(
      'IDEMPOTENCY_CONFLICT',
      `Usage event ${event.id} of ${event.source} was accepted before with other content.`,
      { field: ['id'] },
    );
  }
  if (answer.outcome === 'duplicate')
    return accept({ usageId: answer.usageId, amountNanos: answer.amountNanos, isDuplicate: true });
  tell(tx, event, { usageId: answer.usageId, amountNanos, currency: snapshot.currency, now });
  return accept({ usageId: answer.usageId, amountNanos, isDuplicate: false });
}

function tell(
  tx: Transaction,
  event: UsageEvent,
  posted: { usageId: string; amountNanos: bigint; currency: string; now: Date },
): void {
  const { organizationId, projectId } = event.place;
  emitEvent(
    tx,
    usageRecorded,
    {
      subjectId: posted.usageId,
      scope: { level: 'project', id: projectId, organizationId },
      data: {
        amount: formatDecimal(posted.amountNanos),
        currency: posted.currency,
        unit: event.unit,
        baseQuantity: event.baseQuantity.toString(),
        source: event.source,
        resourceType: event.resourceType,
        resourceId: event.resourceId,
        allocationId: event.allocationId ?? null,
        appInstanceId: event.appInstanceId ?? null,
        windowStart: event.windowStart.toISOString(),
        windowEnd: event.windowEnd.toISOString(),
      },
    },
    { correlationId: event.correlationId, actorId: event.actorId, now: posted.now },
  );
}
