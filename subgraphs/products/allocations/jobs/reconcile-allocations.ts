import type { Job } from '../../../../kernel/jobs/job.js';
import type { AllocationServices } from '../services.js';
import type { createAdvanceAllocation } from '../usecases/advance-allocation.js';
import { DueWork } from './due-work.js';

const AT_ONCE = 200;

// Each branch is served by an index of its own.
const DUE = `
  select id from (
    (select id from allocations.allocations where state = 'requested' and next_placement_at <= now() order by next_placement_at limit ${AT_ONCE})
    union (select id from allocations.allocations where state in ('requested', 'provisioning') and state_deadline_at <= now() limit ${AT_ONCE})
    union (select id from allocations.allocations where cleanup_deadline_at <= now() limit ${AT_ONCE})
    union (select id from allocations.allocations where force_release_reason is not null and state in ('requested', 'active') limit ${AT_ONCE})
  ) due order by id limit ${AT_ONCE}`;

const HEALTH_REPORT_MILLISECONDS = 10_000;

/** Every allocation whose time has come takes its next step; tasks that nobody carried out in time expire. */
export function reconcileAllocations(
  services: AllocationServices,
  advance: ReturnType<typeof createAdvanceAllocation>,
): Job {
  const work = new DueWork(services, 'allocations.reconciler');
  let reportedAt = 0;
  return {
    name: 'allocations.reconcile',
    everyMilliseconds: services.timing.reconcileMilliseconds,
    wakeOn: ['allocations.allocation.force_release_requested'],
    async run(signal) {
      const due = await services.database.transaction('system', async (tx) => {
        await tx.execute(
          `update allocations.node_tasks set status = 'expired' where id in
             (select id from allocations.node_tasks where status in ('queued', 'dispatched') and expires_at <= now() limit 1000 for update skip locked)`,
        );
        return tx.rows<{ id: string }>(DUE);
      });
      const ready = work.ready(due.map((row) => row.id));
      await work.run(
        advance,
        ready.map((id) => ({ id })),
        signal,
      );
      if (Date.now() - reportedAt > HEALTH_REPORT_MILLISECONDS) {
        reportedAt = Date.now();
        await reportAlive(services, due.length - ready.length);
      }
      return ready.length === AT_ONCE;
    },
  };
}

async function reportAlive(services: AllocationServices, failing: number): Promise<void> {
  const health = failing === 0 ? 'ready' : 'degraded';
  const detail = failing === 0 ? 'nothing is stuck' : `${failing} allocations cannot take their next step`;
  await services.database.transaction('system', (tx) =>
    services.registry.reportHealth(tx, { componentId: 'allocations_control_plane', health, detail }),
  );
}
