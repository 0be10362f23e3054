import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { FAILURE_CLASSES } from '../domain/work-item-lifecycle.js';
import { scopeOfWorkItem } from '../store/instance-store.js';
import { applyReport, reportFields } from './apply-report.js';
import type { AppsServices, Work } from './apps-services.js';
import { endAttempt } from './end-attempt.js';
import { type WriteResult, applied, judgeLease, keepLateReport, leaseClaim } from './work-lease.js';

const input = z.object({
  ...leaseClaim,
  ...reportFields,
  failureClass: z.enum(FAILURE_CLASSES),
  message: z.string().trim().min(1, 'must say what failed').max(1000, 'must have at most 1000 characters'),
});

/** Ends an attempt as failed. RETRYABLE tries again within bounds, UNCERTAIN looks first, the others wait for a person. */
export function createFailWorkItem(services: AppsServices): Command<typeof input, WriteResult> {
  return defineCommand({
    action: 'apps.work_item.fail',
    input,
    scope: ({ workItemId }, lookup) => scopeOfWorkItem(lookup, workItemId),
    async run(context, { workItemId, leaseId, fence, failureClass, message, ...told }) {
      const work: Work = { context, services };
      const claim = { workItemId, leaseId, fence };
      const lease = await judgeLease(work, claim);
      if (lease.isHeld) {
        const outcome = await applyReport(work, lease, told);
        if (!outcome.ok) return outcome;
        await endAttempt(work, { instance: lease.instance, item: lease.item, failure: failureClass, message });
        context.describe({ type: 'AppWorkItem', id: workItemId }, { failureClass, state: lease.item.state });
        return accept(applied(workItemId));
      }
      const { instance, item } = lease;
      if (instance === null || item === null) return refuse('NOT_FOUND', `There is no work item ${workItemId}.`);
      return accept(
        await keepLateReport(work, { claim, instance, item, verb: 'fail', body: { failureClass, message, ...told } }),
      );
    },
  });
}
