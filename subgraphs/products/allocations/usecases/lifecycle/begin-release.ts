import type { CommandContext } from '../../../../../kernel/commands/command.js';
import { closingWindows } from '../../domain/usage-windows.js';
import { type AllocationServices, secondsAfter } from '../../services.js';
import type { AllocationRecord } from '../../store/allocation-record.js';
import { moveAllocation } from '../../store/allocation-transitions.js';
import { orderCleanup } from './cleanup.js';
import { recordUsage } from './record-usage.js';

/**
 * Accepts the release of an active allocation: billing stops at this moment, and what ran up to it is recorded in the
 * same transaction; the node is ordered to clean up.
 */
export async function beginRelease(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  reason: string | null,
): Promise<AllocationRecord> {
  const acceptedAt = context.now;
  const from = allocation.usageThrough ?? acceptedAt;
  const windows = closingWindows(from, acceptedAt, services.timing.usageWindowSeconds);
  const usageThrough = await recordUsage(context, services, allocation, windows);
  const neverCharged = allocation.activeAt?.getTime() === usageThrough?.getTime();
  if (neverCharged) await services.billing.holds.void(context.tx, allocation.id);
  const released = await moveAllocation(context, allocation, 'release', {
    reason,
    deadlineAt: secondsAfter(acceptedAt, services.timing.cleanupSeconds),
    change: {
      releaseAcceptedAt: acceptedAt,
      releaseRequestedAt: allocation.releaseRequestedAt ?? acceptedAt,
      usageThrough,
      cleanupAttempts: 0,
    },
  });
  return orderCleanup(context, services, released);
}
