import type { Job } from '../../../../kernel/jobs/job.js';
import type { AllocationServices } from '../services.js';
import type { createMeterAllocation } from '../usecases/meter-allocation.js';
import { DueWork } from './due-work.js';

const AT_ONCE = 200;

/** Records the usage windows that have passed, oldest first. */
export function meterUsage(services: AllocationServices, meter: ReturnType<typeof createMeterAllocation>): Job {
  const work = new DueWork(services, 'allocations.meter');
  const { usageWindowSeconds } = services.timing;
  return {
    name: 'allocations.meter',
    everyMilliseconds: Math.min(5000, Math.max(250, usageWindowSeconds * 250)),
    async run(signal) {
      const due = await services.database.read('system', (tx) =>
        tx.rows<{ id: string }>(
          `select id from allocations.allocations where state = 'active' and usage_through <= now() - make_interval(secs => $1)
           order by usage_through limit ${AT_ONCE}`,
          [usageWindowSeconds],
        ),
      );
      const ready = work.ready(due.map((row) => row.id));
      await work.run(
        meter,
        ready.map((id) => ({ id })),
        signal,
      );
      return ready.length === AT_ONCE;
    },
  };
}
