import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { allocationScope, lockAllocation } from '../store/allocation-record.js';
import { moveAllocation } from '../store/allocation-transitions.js';
import { orderCleanup } from './lifecycle/cleanup.js';
import { availableTo, notAvailable } from './release-allocation.js';

/** Lets the node try to clean up again after `release_failed`, with a fresh number of attempts. Costs nothing. */
export function createRetryRelease(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.retry_release',
    input: z.object({ id: z.string(), idempotencyKey }),
    scope: (input, lookup) => allocationScope(lookup, input.id),
    async run(context, input) {
      const allocation = await lockAllocation(context.tx, input.id);
      if (allocation === null)
        return refuse('NOT_FOUND', `There is no allocation ${input.id}.`, { field: ['input', 'id'] });
      context.describe({ type: 'Allocation', id: allocation.id });
      if (!availableTo(allocation).includes('retry_release')) return notAvailable(allocation, 'retry_release');
      const releasing = await moveAllocation(context, allocation, 'retry_release', {
        reason: 'asked to try again',
        deadlineAt: secondsAfter(context.now, services.timing.cleanupSeconds),
        change: { cleanupAttempts: 0 },
      });
      await orderCleanup(context, services, releasing);
      return accept({ id: allocation.id });
    },
  });
}
