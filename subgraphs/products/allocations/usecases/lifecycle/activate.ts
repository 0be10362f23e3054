import type { CommandContext } from '../../../../../kernel/commands/command.js';
import type { Connection } from '../../../../../agent/protocol/task-types.js';
import type { AllocationServices } from '../../services.js';
import type { AllocationRecord } from '../../store/allocation-record.js';
import { moveAllocation } from '../../store/allocation-transitions.js';
import { markSlots } from '../../store/claim-store.js';
import { beginRelease } from './begin-release.js';
import { failAllocation } from './fail-allocation.js';

/**
 * The node reports the runtime up: the quota becomes durable and billing begins at this moment. A release that was asked
 * for meanwhile follows at once, so that nothing is charged. Fails the allocation when its quota hold has ended.
 */
export async function activate(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  connection: Connection,
): Promise<AllocationRecord> {
  for (const dimension of quotaDimensions(allocation)) {
    const committed = await services.iam.quotas.commit(context.tx, allocation.id, dimension);
    if (!committed.ok) return failAllocation(context, services, allocation, 'the quota hold has ended');
  }
  await markSlots(context.tx, allocation.id, { status: 'in_use', reason: null, now: context.now });
  const active = await moveAllocation(context, allocation, 'activate', {
    reason: null,
    deadlineAt: null,
    change: {
      activeAt: context.now,
      usageThrough: context.now,
      connectionHost: connection.host,
      connectionPort: connection.port,
      connectionUser: connection.user,
    },
  });
  if (allocation.releaseRequestedAt === null && allocation.forceReleaseReason === null) return active;
  return beginRelease(context, services, active, allocation.forceReleaseReason ?? 'released while provisioning');
}

/** What quota an allocation takes; CPU machines take no GPUs. */
export function quotaDimensions(allocation: { readonly gpuCount: number }): readonly ('gpus' | 'allocations')[] {
  return allocation.gpuCount > 0 ? ['gpus', 'allocations'] : ['allocations'];
}
