import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { releaseRequested } from '../domain/allocation-events.js';
import { actionsFor } from '../domain/allocation-lifecycle.js';
import type { AllocationServices } from '../services.js';
import { type AllocationRecord, allocationScope, lockAllocation, projectScope } from '../store/allocation-record.js';
import { changeAllocation } from '../store/allocation-transitions.js';
import { beginRelease } from './lifecycle/begin-release.js';
import { failAllocation } from './lifecycle/fail-allocation.js';

/**
 * Releases an allocation. Active: billing stops now and cleanup begins. Waiting: the request ends. Provisioning: the
 * intent is recorded and followed as soon as the node has answered; nothing will be charged. Otherwise INVALID_STATE.
 */
export function createReleaseAllocation(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.release',
    input: z.object({ id: z.string(), reason: z.string().trim().max(500).optional(), idempotencyKey }),
    scope: (input, lookup) => allocationScope(lookup, input.id),
    async run(context, input): Promise<Outcome<{ id: string }>> {
      const allocation = await lockAllocation(context.tx, input.id);
      if (allocation === null)
        return refuse('NOT_FOUND', `There is no allocation ${input.id}.`, { field: ['input', 'id'] });
      context.describe({ type: 'Allocation', id: allocation.id }, { from: allocation.state });
      const isAvailable = availableTo(allocation).includes('release');
      if (!isAvailable) return notAvailable(allocation, 'release');
      await release(context, services, allocation, input.reason ?? null);
      return accept({ id: allocation.id });
    },
  });
}

async function release(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  reason: string | null,
): Promise<void> {
  if (allocation.state === 'active') {
    await beginRelease(context, services, allocation, reason);
  } else if (allocation.state === 'requested') {
    await failAllocation(context, services, allocation, reason ?? 'cancelled while waiting for capacity');
  } else {
    await changeAllocation(context, allocation, {
      releaseRequestedAt: context.now,
      releaseRequestedBy: context.actor.id,
    });
    const data = { state: allocation.state };
    context.emit(releaseRequested, { subjectId: allocation.id, scope: projectScope(allocation), data });
  }
}

/** What anyone with all rights could do with it now. */
export function availableTo(allocation: AllocationRecord): ReturnType<typeof actionsFor> {
  const { state, isCleanupBlocked } = allocation;
  return actionsFor({ state, isCleanupBlocked, isReleaseRequested: allocation.releaseRequestedAt !== null }, true);
}

export function notAvailable(allocation: AllocationRecord, action: string): Outcome<never> {
  const details = { state: allocation.state, availableActions: availableTo(allocation) };
  return refuse('INVALID_STATE', `An allocation that is ${allocation.state} cannot do this now: ${action}.`, {
    details,
  });
}
