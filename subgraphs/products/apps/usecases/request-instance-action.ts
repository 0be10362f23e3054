import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { type InstanceAction, availableActions, instanceLifecycle, isOffered } from '../domain/instance-lifecycle.js';
import type { InstanceRow } from '../store/entities.js';
import { lockInstance, scopeOfInstance } from '../store/instance-store.js';
import type { AppsServices, Work } from './apps-services.js';
import { moveInstance, setConditions, wantOf } from './change-instance.js';
import { openWork, queueWork } from './queue-work.js';

export const REPAIR_SCOPES = ['whole_runtime', 'control_plane', 'member'] as const;

const input = z.object({ id: z.string(), repairScope: z.enum(REPAIR_SCOPES).optional(), idempotencyKey });

/** Actions that a worker carries out as an ACTION; each is a command of its own, with its own permission. */
export type RequestedAction = Extract<InstanceAction, 'start' | 'stop' | 'restart' | 'reconcile' | 'repair'>;

/**
 * Asks for an action. Refuses INVALID_STATE where the state does not offer it, and CONFLICT for a restart of a cluster app (with
 * what to do instead) or while other work is under way: only a stop replaces work.
 */
export function createInstanceAction(
  services: AppsServices,
  action: RequestedAction,
): Command<typeof input, { id: string; workItemId: string }> {
  return defineCommand({
    action: `apps.instance.${action}`,
    input,
    scope: ({ id }, lookup) => scopeOfInstance(lookup, id),
    async run(context, { id, repairScope }) {
      const work: Work = { context, services };
      const instance = await lockInstance(context.tx, id);
      if (instance === null) return refuse('NOT_FOUND', `There is no app instance ${id}.`, { field: ['input', 'id'] });
      const refusal = actionRefusal(instance, action) ?? (action === 'stop' ? null : await underWay(work, instance));
      if (refusal !== null) return refusal;
      const unavailable = action === 'start' ? await allocationRefusal(work, instance) : null;
      if (unavailable !== null) return unavailable;
      const wasFailed = instance.state === 'failed';
      if (action === 'start') instance.desiredState = 'running';
      if (action === 'stop') instance.desiredState = 'stopped';
      wantOf(work, instance, action);
      await moveInstance(work, instance, action, `Asked to ${action}.`);
      const workItemId = wasFailed
        ? await queueWork(work, instance, { kind: 'PROVISION', observesFirst: true })
        : await queueWork(work, instance, {
            kind: 'ACTION',
            action,
            ...(repairScope === undefined ? {} : { repairScope }),
          });
      await setConditions(work, instance, [
        { type: 'Progressing', status: 'True', reason: 'Queued', message: `Waits for a worker to ${action} it.` },
        { type: 'Stalled', status: 'False', reason: 'Fine', message: 'Nothing is in the way.' },
      ]);
      context.describe({ type: 'AppInstance', id }, { action, generation: instance.generation });
      return accept({ id, workItemId });
    },
  });
}

function actionRefusal(instance: InstanceRow, action: RequestedAction): Outcome<never> | null {
  const offered = availableActions(instance);
  if (!isOffered(action, instance.isCluster)) {
    const message =
      action === 'restart'
        ? 'A cluster is not restarted like a container: all its members would fall. Reconcile it, which destroys nothing, or repair it.'
        : 'Only cluster apps are repaired; restart or reconcile this one.';
    return refuse('CONFLICT', message, { field: ['input', 'id'], details: { availableActions: offered } });
  }
  const isStopping = instance.desiredState === 'stopped' && instance.state !== 'stopped';
  if (instanceLifecycle.next(instance.state, action) !== null && !(isStopping && action !== 'stop')) return null;
  const message = isStopping
    ? 'The instance is being stopped.'
    : `An app instance that is ${instance.state} cannot ${action}.`;
  return refuse('INVALID_STATE', message, {
    field: ['input', 'id'],
    details: { state: instance.state, availableActions: offered },
  });
}

/** An answer when a worker has, or will have, something to do already. Dead work is no hindrance. */
export async function underWay(work: Work, instance: InstanceRow): Promise<Outcome<never> | null> {
  const item = (await openWork(work, instance)).find((candidate) => candidate.state !== 'dead');
  if (item === undefined) return null;
  return refuse('CONFLICT', `Other work on this instance is under way (${item.kind}); try again when it is done.`, {
    details: { workItemId: item.id, kind: item.kind, state: item.state },
  });
}

async function allocationRefusal(work: Work, instance: InstanceRow): Promise<Outcome<never> | null> {
  const allocation = await work.services.allocations.find(work.context.tx, instance.allocationId);
  if (allocation?.state === 'active') return null;
  return refuse('INVALID_STATE', 'The allocation of this instance is not active any more.', {
    details: { state: allocation?.state ?? null },
  });
}
