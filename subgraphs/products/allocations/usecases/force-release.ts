import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { forceReleaseRequested } from '../domain/allocation-events.js';
import type { AllocationServices } from '../services.js';
import { type AllocationRecord, allocationScope, lockAllocation, projectScope } from '../store/allocation-record.js';
import { changeAllocation } from '../store/allocation-transitions.js';
import { availableTo, notAvailable } from './release-allocation.js';
import { followIntent } from './lifecycle/follow-intent.js';

/** An operator, or the platform when the balance is depleted, ends an allocation that its owner did not release. */
export function createForceRelease(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.force_release',
    input: z.object({
      id: z.string(),
      reason: z.string().trim().min(3, 'must say why, in at least 3 characters').max(500),
      idempotencyKey,
    }),
    scope: (input, lookup) => allocationScope(lookup, input.id),
    async run(context, input) {
      const allocation = await lockAllocation(context.tx, input.id);
      if (allocation === null)
        return refuse('NOT_FOUND', `There is no allocation ${input.id}.`, { field: ['input', 'id'] });
      context.describe({ type: 'Allocation', id: allocation.id }, { from: allocation.state, reason: input.reason });
      if (!availableTo(allocation).includes('release')) return notAvailable(allocation, 'force_release');
      const intended = await intendForceRelease(context, allocation, input.reason);
      await followIntent(context, services, intended);
      return accept({ id: allocation.id });
    },
  });
}

export async function intendForceRelease(
  context: CommandContext,
  allocation: AllocationRecord,
  reason: string,
): Promise<AllocationRecord> {
  context.emit(forceReleaseRequested, { subjectId: allocation.id, scope: projectScope(allocation), data: { reason } });
  return changeAllocation(context, allocation, {
    forceReleaseReason: reason,
    releaseRequestedAt: allocation.releaseRequestedAt ?? context.now,
    releaseRequestedBy: context.actor.id,
  });
}
