import type { CommandContext } from '../../../../../kernel/commands/command.js';
import type { AllocationServices } from '../../services.js';
import type { AllocationRecord } from '../../store/allocation-record.js';
import { beginRelease } from './begin-release.js';
import { failAllocation } from './fail-allocation.js';

/** Acts on a recorded wish to release, as far as the state allows; provisioning waits for the node's answer. */
export async function followIntent(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
): Promise<AllocationRecord> {
  const reason = allocation.forceReleaseReason ?? 'released';
  if (allocation.state === 'active') return beginRelease(context, services, allocation, reason);
  if (allocation.state === 'requested') return failAllocation(context, services, allocation, reason);
  return allocation;
}
