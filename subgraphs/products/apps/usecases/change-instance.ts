import {
  instanceConditionChanged,
  instanceEndpointsChanged,
  instanceMoved,
  instanceSpecChanged,
} from '../domain/apps-events.js';
import type { Condition } from '../domain/conditions.js';
import { type InstanceEvent, deadlineOf, instanceLifecycle, isMetered } from '../domain/instance-lifecycle.js';
import type { InstanceRow } from '../store/entities.js';
import { endpointStates, projectScope, writeConditions } from '../store/instance-store.js';
import type { Work } from './apps-services.js';
import { recordUsage } from './record-usage.js';

/**
 * Moves an instance on, with its deadline, its event and its meter. False when the event is not available in its state:
 * the caller decides whether that is a refusal or simply late news.
 */
export async function moveInstance(
  work: Work,
  instance: InstanceRow,
  event: InstanceEvent,
  reason: string | null,
): Promise<boolean> {
  const from = instance.state;
  const to = instanceLifecycle.next(from, event);
  if (to === null) return false;
  const { context, services } = work;
  const { now } = context;
  if (from !== to) {
    // A failed removal keeps its deadline: the platform reclaims then, whatever happens.
    const stateDeadlineAt =
      to === 'decommission_failed' ? instance.stateDeadlineAt : deadlineOf(to, now, services.timings);
    Object.assign(instance, { state: to, stateReason: reason, stateChangedAt: now, stateDeadlineAt });
    const data = { from, to, reason, allocationId: instance.allocationId };
    context.emit(instanceMoved, { subjectId: instance.id, scope: projectScope(instance), data });
  }
  await meter(work, instance);
  return true;
}

/** Opens or closes the meter after the state or what is wanted has changed. */
export async function meter(work: Work, instance: InstanceRow): Promise<void> {
  const isCounting = isMetered(instance);
  if (isCounting && instance.meteredUntil === null) instance.meteredUntil = work.context.now;
  if (isCounting || instance.meteredUntil === null) return;
  await recordUsage(work, instance, work.context.now);
  instance.meteredUntil = null;
}

/** Raises the generation: something else is wanted now. */
export function wantOf(work: Work, instance: InstanceRow, wanted: string): void {
  instance.generation += 1;
  work.context.emit(instanceSpecChanged, {
    subjectId: instance.id,
    scope: projectScope(instance),
    data: { generation: instance.generation, wanted },
  });
}

/** Sets conditions and tells of those that changed. The instance must be in the database already. */
export async function setConditions(
  work: Work,
  instance: InstanceRow,
  conditions: readonly Condition[],
): Promise<void> {
  const { context } = work;
  for (const { type, status, reason, message } of await writeConditions(
    context.tx,
    instance,
    conditions,
    context.now,
  )) {
    context.emit(instanceConditionChanged, {
      subjectId: instance.id,
      scope: projectScope(instance),
      data: { type, status, reason, message },
    });
  }
}

/** Derives EndpointsReady from the endpoints, and tells of them. Answers whether all are ready. */
export async function observeEndpoints(work: Work, instance: InstanceRow): Promise<boolean> {
  const endpoints = await endpointStates(work.context.tx, instance.id);
  const waiting = endpoints.filter((endpoint) => !endpoint.isReady).map((endpoint) => endpoint.name);
  work.context.emit(instanceEndpointsChanged, {
    subjectId: instance.id,
    scope: projectScope(instance),
    data: { endpoints: endpoints.map(({ name, isReady }) => ({ name, isReady })) },
  });
  const isReady = waiting.length === 0;
  await setConditions(work, instance, [
    isReady
      ? { type: 'EndpointsReady', status: 'True', reason: 'AllReady', message: 'Every endpoint answers.' }
      : { type: 'EndpointsReady', status: 'False', reason: 'NotReady', message: `Not ready: ${waiting.join(', ')}.` },
  ]);
  return isReady;
}
