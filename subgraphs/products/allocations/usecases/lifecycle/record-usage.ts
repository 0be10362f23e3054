import type { CommandContext } from '../../../../../kernel/commands/command.js';
import { baseQuantity } from '../../domain/sku.js';
import type { UsageWindow } from '../../domain/usage-windows.js';
import type { AllocationServices } from '../../services.js';
import { type AllocationRecord, placeOf } from '../../store/allocation-record.js';

/**
 * Records windows with billing, in the caller's transaction, each under `<allocation>/<window start>`: exactly once for
 * ever. The first one is paid from the money that was held at the launch, and gives the rest of it back. Answers through when everything is recorded.
 * Throws when billing refuses: usage that ran may not get lost, so the caller's change waits with it.
 */
export async function recordUsage(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  windows: readonly UsageWindow[],
): Promise<Date | null> {
  let through = allocation.usageThrough;
  for (const window of windows) {
    const isFirst = allocation.activeAt?.getTime() === window.start.getTime();
    const recorded = await services.billing.usage.record(context.tx, {
      id: `${allocation.id}/${window.start.toISOString()}`,
      source: 'allocation',
      productId: 'allocations',
      place: placeOf(allocation),
      actorId: allocation.requestedBy,
      unit: allocation.priceSnapshot.unit,
      baseQuantity: baseQuantity(allocation.skuSnapshot, allocation.gpuCount, window.seconds),
      windowStart: window.start,
      windowEnd: window.end,
      priceSnapshotId: allocation.priceSnapshotId,
      resourceType: 'Allocation',
      resourceId: allocation.id,
      allocationId: allocation.id,
      correlationId: allocation.correlationId,
      metadata: { sku: allocation.skuName, gpuCount: String(allocation.gpuCount) },
      ...(isFirst ? { holdReference: allocation.id } : {}),
    });
    if (!recorded.ok) {
      const [refusal] = recorded.refusals;
      throw new Error(`billing refused usage of ${allocation.id}: ${refusal?.code ?? ''} ${refusal?.message ?? ''}`);
    }
    // A first window that a release cut short costs less than what was held for it: the rest is free again.
    if (isFirst) await services.billing.holds.void(context.tx, allocation.id);
    through = window.end;
  }
  return through;
}
