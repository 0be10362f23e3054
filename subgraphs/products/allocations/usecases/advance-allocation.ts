import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { unitsOf } from '../domain/sku.js';
import { explainCapacity } from '../domain/why-pending.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { placedStatement, placedValues } from '../store/allocation-insert.js';
import { type AllocationRecord, allocationScope, lockAllocation } from '../store/allocation-record.js';
import { changeAllocation, moveAllocation } from '../store/allocation-transitions.js';
import { capacityFacts, reserve } from '../store/placement-store.js';
import { cleanupAttemptFailed } from './lifecycle/cleanup.js';
import { failAllocation } from './lifecycle/fail-allocation.js';
import { followIntent } from './lifecycle/follow-intent.js';
import { provisionTask } from './lifecycle/provision.js';

/**
 * The next step of an allocation that is due, by the platform itself: places what waits, fails what ran out of time,
 * retries or blocks a cleanup, follows a forced release. Does nothing when nothing is due: it may run late or twice.
 */
export function createAdvanceAllocation(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.advance',
    input: z.object({ id: z.string() }),
    scope: (input, lookup) => allocationScope(lookup, input.id),
    async run(context, input) {
      const allocation = await lockAllocation(context.tx, input.id);
      if (allocation === null) return refuse('NOT_FOUND', `There is no allocation ${input.id}.`);
      const step = await advance(context, services, allocation);
      context.describe({ type: 'Allocation', id: allocation.id }, { from: allocation.state, step });
      return accept({ id: allocation.id, step });
    },
  });
}

async function advance(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
): Promise<string> {
  const isPast = (moment: Date | null): boolean => moment !== null && moment.getTime() <= context.now.getTime();
  if (allocation.forceReleaseReason !== null && ['requested', 'active'].includes(allocation.state)) {
    await followIntent(context, services, allocation);
    return 'force_release';
  }
  if (allocation.state === 'requested')
    return advanceWaiting(context, services, allocation, isPast(allocation.stateDeadlineAt));
  if (allocation.state === 'provisioning' && isPast(allocation.stateDeadlineAt)) {
    await failAllocation(context, services, allocation, 'the node did not bring it up in time');
    return 'provision_timed_out';
  }
  if (isPast(allocation.cleanupDeadlineAt)) {
    await cleanupAttemptFailed(context, services, allocation, 'the node did not prove the cleanup in time');
    return 'cleanup_timed_out';
  }
  return 'nothing_due';
}

async function advanceWaiting(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  isTooLate: boolean,
): Promise<string> {
  const units = unitsOf(allocation.skuSnapshot, allocation.gpuCount);
  const request = { skuId: allocation.skuId, regionId: allocation.regionId, units, image: allocation.image };
  const reservation = isTooLate ? null : await reserve(context.tx, request, context.now);
  if (reservation === null) {
    if (isTooLate) {
      await failAllocation(context, services, allocation, 'no capacity came free in time');
      return 'wait_timed_out';
    }
    const whyPending = explainCapacity(units, await capacityFacts(context.tx, request));
    const nextPlacementAt = secondsAfter(context.now, services.timing.placementRetrySeconds);
    await changeAllocation(context, allocation, { whyPending, nextPlacementAt });
    return 'still_waiting';
  }
  const deadlineAt = secondsAfter(context.now, services.timing.provisionSeconds);
  const fence = allocation.fence + 1n;
  const order = {
    id: allocation.id,
    sku: allocation.skuSnapshot,
    gpuCount: allocation.gpuCount,
    image: allocation.image,
    sshPublicKeys: allocation.sshPublicKeys,
    project: allocation,
  };
  const task = await provisionTask(services, order, reservation, { deadlineAt, now: context.now, fence });
  await moveAllocation(context, allocation, 'place', {
    reason: null,
    deadlineAt,
    change: { nodeId: reservation.nodeId, fence, whyPending: null, nextPlacementAt: null },
  });
  const values = placedValues(allocation, { reservation, task, now: context.now, deadlineAt });
  await context.tx.execute(`with ${placedStatement(1)}`, values);
  services.signer.announce(context.tx, reservation.nodeId);
  return 'placed';
}
