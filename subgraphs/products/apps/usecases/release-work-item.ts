import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { scopeOfWorkItem } from '../store/instance-store.js';
import type { AppsServices, Work } from './apps-services.js';
import { endAttempt } from './end-attempt.js';
import { type WriteResult, applied, judgeLease, keepLateReport, leaseClaim } from './work-lease.js';

const input = z.object({ ...leaseClaim, hasTouched: z.boolean().default(true) });

/**
 * Gives a lease back: after CANCEL or SUPERSEDED, or because the worker stops. With `hasTouched` the next holder looks first at
 * what is there; it does not count as an attempt.
 */
export function createReleaseWorkItem(services: AppsServices): Command<typeof input, WriteResult> {
  return defineCommand({
    action: 'apps.work_item.release',
    input,
    scope: ({ workItemId }, lookup) => scopeOfWorkItem(lookup, workItemId),
    async run(context, { hasTouched, ...claim }) {
      const work: Work = { context, services };
      const lease = await judgeLease(work, claim);
      if (lease.isHeld) {
        if (hasTouched) lease.item.observesFirst = true;
        await endAttempt(work, { instance: lease.instance, item: lease.item, failure: 'RELEASED', message: '' });
        context.describe({ type: 'AppWorkItem', id: claim.workItemId }, { state: lease.item.state });
        return accept(applied(claim.workItemId));
      }
      const { instance, item } = lease;
      if (instance === null || item === null) return refuse('NOT_FOUND', `There is no work item ${claim.workItemId}.`);
      return accept(await keepLateReport(work, { claim, instance, item, verb: 'release', body: { hasTouched } }));
    },
  });
}
