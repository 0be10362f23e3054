import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { scopeOfWorkItem } from '../store/instance-store.js';
import { applyReport, reportFields } from './apply-report.js';
import type { AppsServices, Work } from './apps-services.js';
import { type WriteResult, applied, judgeLease, keepLateReport, leaseClaim } from './work-lease.js';

const input = z.object({ ...leaseClaim, ...reportFields });

/** Tells how far the holder of a lease is: steps, conditions, endpoints, members, health. */
export function createReportWorkItem(services: AppsServices): Command<typeof input, WriteResult> {
  return defineCommand({
    action: 'apps.work_item.report',
    input,
    scope: ({ workItemId }, lookup) => scopeOfWorkItem(lookup, workItemId),
    async run(context, { workItemId, leaseId, fence, ...told }) {
      const work: Work = { context, services };
      const claim = { workItemId, leaseId, fence };
      const lease = await judgeLease(work, claim);
      if (lease.isHeld) {
        const outcome = await applyReport(work, lease, told);
        context.describe({ type: 'AppWorkItem', id: workItemId }, { steps: told.steps.length });
        return outcome.ok ? accept(applied(workItemId)) : outcome;
      }
      const { instance, item } = lease;
      if (instance === null || item === null) return refuse('NOT_FOUND', `There is no work item ${workItemId}.`);
      return accept(await keepLateReport(work, { claim, instance, item, verb: 'report', body: told }));
    },
  });
}
