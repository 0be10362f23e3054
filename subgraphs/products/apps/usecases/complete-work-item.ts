import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { closeEndpoints, endpointStates, scopeOfWorkItem } from '../store/instance-store.js';
import { applyReport, reportFields } from './apply-report.js';
import type { AppsServices, Work } from './apps-services.js';
import { moveInstance, observeEndpoints, setConditions } from './change-instance.js';
import { finishWork } from './queue-work.js';
import { finishRemoval } from './remove-instance.js';
import { type HeldLease, type WriteResult, applied, judgeLease, keepLateReport, leaseClaim } from './work-lease.js';

const input = z.object({ ...leaseClaim, ...reportFields });

/**
 * Accepts the one outcome of a work item: a repeated delivery of the accepted one is answered the same and changes nothing, any
 * other late one is evidence only.
 */
export function createCompleteWorkItem(services: AppsServices): Command<typeof input, WriteResult> {
  return defineCommand({
    action: 'apps.work_item.complete',
    input,
    scope: ({ workItemId }, lookup) => scopeOfWorkItem(lookup, workItemId),
    async run(context, { workItemId, leaseId, fence, ...told }) {
      const work: Work = { context, services };
      const claim = { workItemId, leaseId, fence };
      const lease = await judgeLease(work, claim);
      if (!lease.isHeld) {
        const { instance, item } = lease;
        if (instance === null || item === null) return refuse('NOT_FOUND', `There is no work item ${workItemId}.`);
        const isRepeated =
          item.state === 'completed' &&
          item.leaseId === leaseId &&
          item.fence === fence &&
          item.leasedBy === context.actor.id;
        if (isRepeated) return accept(applied(workItemId));
        return accept(await keepLateReport(work, { claim, instance, item, verb: 'complete', body: told }));
      }
      const outcome = await applyReport(work, lease, told);
      if (!outcome.ok) return outcome;
      await complete(work, lease);
      context.describe(
        { type: 'AppWorkItem', id: workItemId },
        { kind: lease.item.kind, generation: lease.item.generation },
      );
      return accept(applied(workItemId));
    },
  });
}

async function complete(work: Work, { instance, item }: HeldLease): Promise<void> {
  finishWork(work, item, 'complete');
  instance.leasedItemId = null;
  // Monotone, and never above the generation: the item carries one that existed.
  instance.observedGeneration = Math.max(instance.observedGeneration, item.generation);
  if (item.kind === 'DECOMMISSION') {
    await finishRemoval(work, instance, 'REMOVED');
    return;
  }
  // What was completed is not what is wanted any more (stopped or removed meanwhile): the newer work decides the state.
  if (item.generation !== instance.generation) return;
  if (item.kind === 'ACTION' && item.action === 'stop') await settleStopped(work, instance);
  else await settleRunning(work, instance);
}

type Instance = HeldLease['instance'];

async function settleStopped(work: Work, instance: Instance): Promise<void> {
  await closeEndpoints(work.context.tx, instance.id, work.context.now);
  await observeEndpoints(work, instance);
  instance.health = 'unknown';
  await moveInstance(work, instance, 'halt', 'A worker stopped it.');
  await setConditions(work, instance, [
    { type: 'Ready', status: 'False', reason: 'Stopped', message: 'It is stopped.' },
    { type: 'Progressing', status: 'False', reason: 'Done', message: 'Nothing is under way.' },
  ]);
}

/** Running means that every endpoint answers; with fewer, or unhealthy, it is degraded. */
async function settleRunning(work: Work, instance: Instance): Promise<void> {
  const waiting = (await endpointStates(work.context.tx, instance.id)).filter((endpoint) => !endpoint.isReady);
  const isSound = waiting.length === 0 && instance.health !== 'unhealthy';
  const reason = isSound
    ? 'Everything answers.'
    : waiting.length > 0
      ? `Not ready: ${waiting.map(({ name }) => name).join(', ')}.`
      : 'The worker finds it unhealthy.';
  // Of the events that lead to the same end, the state offers at most one.
  for (const event of isSound ? (['ready', 'recover'] as const) : (['degrade'] as const)) {
    if (await moveInstance(work, instance, event, reason)) break;
  }
  await setConditions(work, instance, [
    { type: 'Ready', status: isSound ? 'True' : 'False', reason: isSound ? 'Running' : 'Degraded', message: reason },
    { type: 'Degraded', status: isSound ? 'False' : 'True', reason: isSound ? 'Sound' : 'NotReady', message: reason },
    { type: 'Progressing', status: 'False', reason: 'Done', message: 'Nothing is under way.' },
    { type: 'Stalled', status: 'False', reason: 'Fine', message: 'Nothing is in the way.' },
  ]);
}
