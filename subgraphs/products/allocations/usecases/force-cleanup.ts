import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { type AllocationRecord, allocationScope, lockAllocation } from '../store/allocation-record.js';
import { changeAllocation, moveAllocation } from '../store/allocation-transitions.js';
import { supersedeTasks } from '../store/task-store.js';
import { blockCleanup, completeCleanup, orderTombstone } from './lifecycle/cleanup.js';
import { availableTo, notAvailable } from './release-allocation.js';

/**
 * An operator ends what is stuck (spec section 11). `isRuntimeVerifiedAbsent` is their word that nothing runs on the
 * machine any more: true frees the slots, false keeps them blocked. No other way around the agent's proof exists.
 */
export function createForceCleanup(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.force_cleanup',
    input: z.object({
      id: z.string(),
      isRuntimeVerifiedAbsent: z.boolean(),
      reason: z.string().trim().min(3, 'must say why, in at least 3 characters').max(500),
      idempotencyKey,
    }),
    scope: (input, lookup) => allocationScope(lookup, input.id),
    async run(context, input) {
      const allocation = await lockAllocation(context.tx, input.id);
      if (allocation === null)
        return refuse('NOT_FOUND', `There is no allocation ${input.id}.`, { field: ['input', 'id'] });
      context.describe(
        { type: 'Allocation', id: allocation.id },
        { from: allocation.state, isRuntimeVerifiedAbsent: input.isRuntimeVerifiedAbsent, reason: input.reason },
      );
      if (!availableTo(allocation).includes('force_cleanup')) return notAvailable(allocation, 'force_cleanup');
      await force(context, services, { allocation, isAbsent: input.isRuntimeVerifiedAbsent, reason: input.reason });
      return accept({ id: allocation.id });
    },
  });
}

async function force(
  context: CommandContext,
  services: AllocationServices,
  order: { allocation: AllocationRecord; isAbsent: boolean; reason: string },
): Promise<void> {
  const { reason, isAbsent } = order;
  // A new fence: whatever the agent still reports about the old ones is evidence only.
  let allocation = isAbsent
    ? await orderTombstone(context, services, order.allocation)
    : await changeAllocation(context, order.allocation, { fence: order.allocation.fence + 1n });
  await supersedeTasks(context.tx, allocation.id, allocation.fence);
  if (allocation.state === 'provisioning') {
    await services.billing.holds.void(context.tx, allocation.id);
    allocation = await moveAllocation(context, allocation, 'fail', { reason, deadlineAt: null });
  }
  if (!isAbsent) {
    if (allocation.state !== 'release_failed') await blockCleanup(context, services, allocation, reason);
    return;
  }
  if (allocation.state === 'release_failed') {
    const deadlineAt = secondsAfter(context.now, services.timing.cleanupSeconds);
    allocation = await moveAllocation(context, allocation, 'retry_release', { reason, deadlineAt });
  }
  await completeCleanup(context, services, allocation, { outcome: 'verified_absent', reason });
}
