import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { type Outcome, accept } from '../../../../kernel/errors/refusal.js';
import type { InstanceRow } from '../store/entities.js';
import { lockInstance, scopeOfInstance } from '../store/instance-store.js';
import type { AppsServices, Work } from './apps-services.js';
import { moveInstance, setConditions } from './change-instance.js';
import { finishWork, openWork } from './queue-work.js';
import { reclaim } from './remove-instance.js';

const input = z.object({ id: z.string() });

/** The platform's own: acts on a state that lasted too long. Never removes what nobody asked to remove. */
export function createEnforceDeadline(services: AppsServices): Command<typeof input, { isOver: boolean }> {
  return defineCommand({
    action: 'apps.instance.enforce_deadline',
    input,
    scope: ({ id }, lookup) => scopeOfInstance(lookup, id),
    async run(context, { id }): Promise<Outcome<{ isOver: boolean }>> {
      const work: Work = { context, services };
      const instance = await lockInstance(context.tx, id);
      if (instance === null || instance.stateDeadlineAt === null || instance.stateDeadlineAt > context.now)
        return accept({ isOver: false });
      context.describe(
        { type: 'AppInstance', id },
        { state: instance.state, deadline: instance.stateDeadlineAt.toISOString() },
      );
      if (instance.state === 'decommissioning' || instance.state === 'decommission_failed') {
        const leakId = await reclaim(work, instance);
        context.describe({ type: 'AppInstance', id }, { leakId });
        return accept({ isOver: true });
      }
      await giveUp(work, instance);
      return accept({ isOver: true });
    },
  });
}

/**
 * A start or an upgrade that took too long. Whoever works on it is fenced off: an attempt that goes on running cannot turn the
 * outcome any more, and what it started stays until somebody starts it again or removes it.
 */
async function giveUp(work: Work, instance: InstanceRow): Promise<void> {
  const wasUpgrading = instance.state === 'upgrading';
  const message = `It was ${instance.state} for too long.`;
  for (const item of await openWork(work, instance)) if (item.state !== 'dead') finishWork(work, item, 'bury');
  instance.fence += 1;
  instance.leasedItemId = null;
  await moveInstance(work, instance, wasUpgrading ? 'degrade' : 'fail', message);
  await setConditions(work, instance, [
    { type: 'Stalled', status: 'True', reason: 'DeadlineExceeded', message },
    { type: 'Progressing', status: 'False', reason: 'DeadlineExceeded', message },
    { type: 'Ready', status: 'False', reason: 'DeadlineExceeded', message },
  ]);
}
