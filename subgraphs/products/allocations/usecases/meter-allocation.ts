import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { dueWindows } from '../domain/usage-windows.js';
import type { AllocationServices } from '../services.js';
import { allocationScope, lockAllocation } from '../store/allocation-record.js';
import { changeAllocation } from '../store/allocation-transitions.js';
import { recordUsage } from './lifecycle/record-usage.js';

const WINDOWS_AT_ONCE = 20;

/** Records the usage windows of an active allocation that have passed. Late runs catch up; none is recorded twice. */
export function createMeterAllocation(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.meter',
    input: z.object({ id: z.string() }),
    scope: (input, lookup) => allocationScope(lookup, input.id),
    async run(context, input) {
      const allocation = await lockAllocation(context.tx, input.id);
      if (allocation === null) return refuse('NOT_FOUND', `There is no allocation ${input.id}.`);
      context.describe({ type: 'Allocation', id: allocation.id });
      if (allocation.state !== 'active' || allocation.usageThrough === null) return accept({ windows: 0 });
      const windows = dueWindows(
        allocation.usageThrough,
        context.now,
        services.timing.usageWindowSeconds,
        WINDOWS_AT_ONCE,
      );
      if (windows.length === 0) return accept({ windows: 0 });
      const usageThrough = await recordUsage(context, services, allocation, windows);
      await changeAllocation(context, allocation, { usageThrough });
      context.describe({ type: 'Allocation', id: allocation.id }, { windows: windows.length });
      return accept({ windows: windows.length });
    },
  });
}
