import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { workItemQueued } from '../domain/apps-events.js';
import { workItemLifecycle } from '../domain/work-item-lifecycle.js';
import { lockWorkItem, scopeOfWorkItem } from '../store/instance-store.js';
import type { AppsServices, Work } from './apps-services.js';
import { moveInstance, setConditions } from './change-instance.js';

const input = z.object({ id: z.string(), idempotencyKey });

/** Takes work out of the dead letters and tries it again, with a fresh count of attempts. Refuses INVALID_STATE. */
export function createRetryWorkItem(
  services: AppsServices,
): Command<typeof input, { workItemId: string; instanceId: string }> {
  return defineCommand({
    action: 'apps.work_item.retry',
    input,
    scope: ({ id }, lookup) => scopeOfWorkItem(lookup, id),
    async run(context, { id }) {
      const work: Work = { context, services };
      const found = await lockWorkItem(context.tx, id);
      if (found === null) return refuse('NOT_FOUND', `There is no work item ${id}.`, { field: ['input', 'id'] });
      const { instance, item } = found;
      const state = workItemLifecycle.next(item.state, 'retry');
      if (state === null) {
        return refuse('INVALID_STATE', `A work item that is ${item.state} cannot be retried.`, {
          field: ['input', 'id'],
          details: { state: item.state },
        });
      }
      if (instance.state === 'failed') await moveInstance(work, instance, 'start', 'Tried again.');
      if (instance.state === 'decommission_failed') await moveInstance(work, instance, 'decommission', 'Tried again.');
      Object.assign(item, {
        state,
        attempt: 0,
        observesFirst: true,
        availableAt: context.now,
        finishedAt: null,
        leaseId: null,
        leasedBy: null,
        fence: null,
      });
      await setConditions(work, instance, [
        { type: 'Stalled', status: 'False', reason: 'Retried', message: 'Somebody asked to try again.' },
        { type: 'Progressing', status: 'True', reason: 'Queued', message: 'Waits for a worker of the app.' },
      ]);
      const data = { instanceId: instance.id, appSlug: item.appSlug, kind: item.kind, attempt: 0 };
      context.emit(workItemQueued, { subjectId: id, scope: context.scope, data });
      context.describe({ type: 'AppWorkItem', id }, { kind: item.kind, instanceId: instance.id });
      return accept({ workItemId: id, instanceId: instance.id });
    },
  });
}
