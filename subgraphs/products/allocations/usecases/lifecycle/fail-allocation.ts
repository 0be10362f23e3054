import type { CommandContext } from '../../../../../kernel/commands/command.js';
import type { AllocationServices } from '../../services.js';
import type { AllocationRecord } from '../../store/allocation-record.js';
import { moveAllocation } from '../../store/allocation-transitions.js';
import { orderCleanup } from './cleanup.js';

/**
 * Ends an allocation that never became active: nothing is charged, the held money goes back. What the node may have
 * begun is cleaned up first; its capacity and quota return with the proof.
 */
export async function failAllocation(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  reason: string,
): Promise<AllocationRecord> {
  await services.billing.holds.void(context.tx, allocation.id);
  if (allocation.nodeId === null) await services.iam.quotas.release(context.tx, allocation.id);
  const failed = await moveAllocation(context, allocation, 'fail', {
    reason,
    deadlineAt: null,
    change: { nextPlacementAt: null, cleanupAttempts: 0 },
  });
  return allocation.nodeId === null ? failed : orderCleanup(context, services, failed);
}
