import { secondsAfter } from '../domain/timings.js';
import type { InstanceRow } from '../store/entities.js';
import { PRODUCT_ID, RUNTIME_UNIT, type Work } from './apps-services.js';

/**
 * Records the run time of an instance since it was last recorded, in whole seconds, up to `until`. In the transaction of
 * whatever ends or continues the window, so no second is counted twice or lost. Does nothing while it is not metered.
 */
export async function recordUsage(work: Work, instance: InstanceRow, until: Date): Promise<void> {
  const { meteredUntil, priceSnapshotId } = instance;
  if (meteredUntil === null || priceSnapshotId === null) return;
  const seconds = Math.floor((until.getTime() - meteredUntil.getTime()) / 1000);
  if (seconds <= 0) return;
  const { context, services } = work;
  const windowEnd = secondsAfter(meteredUntil, seconds);
  const outcome = await services.billing.usage.record(context.tx, {
    id: `${instance.id}:${meteredUntil.toISOString()}`,
    source: 'app_runtime',
    productId: PRODUCT_ID,
    place: {
      organizationId: instance.organizationId,
      departmentId: instance.departmentId,
      projectId: instance.projectId,
    },
    actorId: instance.requestedBy,
    unit: RUNTIME_UNIT,
    baseQuantity: BigInt(seconds),
    windowStart: meteredUntil,
    windowEnd,
    priceSnapshotId,
    resourceType: 'AppInstance',
    resourceId: instance.id,
    allocationId: instance.allocationId,
    appInstanceId: instance.id,
    correlationId: instance.correlationId,
  });
  // Nothing else can be done with run time that billing does not take: undo, and let the next run tell again.
  if (!outcome.ok)
    throw new Error(
      `billing refused the run time of ${instance.id}: ${outcome.refusals.map((refusal) => refusal.code).join(', ')}`,
    );
  instance.meteredUntil = windowEnd;
}
