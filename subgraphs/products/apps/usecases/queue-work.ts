import { newId } from '../../../../kernel/identifiers/type-id.js';
import { workItemFinished, workItemQueued } from '../domain/apps-events.js';
import { type WorkItemEvent, type WorkKind, workItemLifecycle } from '../domain/work-item-lifecycle.js';
import { type InstanceRow, WorkItemEntity, type WorkItemRow, type WorkSpec } from '../store/entities.js';
import { projectScope } from '../store/instance-store.js';
import { ATTEMPTS_POLICY, type Work } from './apps-services.js';

export interface WorkRequest {
  readonly kind: WorkKind;
  readonly action?: string;
  readonly repairScope?: string;
  /** Something may be there already (a failed attempt): look first. */
  readonly observesFirst?: boolean;
}

/** Work that is not over, of one instance. */
export async function openWork(work: Work, instance: InstanceRow): Promise<WorkItemRow[]> {
  const items = await work.context.tx.em.find(WorkItemEntity, {
    instanceId: instance.id,
    state: { $in: ['queued', 'leased', 'dead'] },
  });
  return items as WorkItemRow[];
}

/**
 * Queues work for the instance's present generation. What was queued before is replaced; whoever holds a lease hears so at the
 * next heartbeat, and the new work waits until that lease is given back or lapses.
 */
export async function queueWork(work: Work, instance: InstanceRow, request: WorkRequest): Promise<string> {
  const { context, services } = work;
  await replaceOpenWork(work, instance, request.kind === 'DECOMMISSION' ? 'CANCEL' : 'SUPERSEDED');
  const id = newId('awi');
  const allocation = await services.allocations.find(context.tx, instance.allocationId);
  const attemptsMax = await services.iam.policies.value(context.tx, ATTEMPTS_POLICY, projectScope(instance));
  const spec: WorkSpec = {
    instanceName: instance.name,
    allocationId: instance.allocationId,
    host: allocation?.host ?? null,
    plan: instance.plan,
    planHash: instance.planHash,
    ...(request.action === undefined ? {} : { action: request.action }),
    ...(request.repairScope === undefined ? {} : { repairScope: request.repairScope }),
    ...(request.kind === 'DECOMMISSION' ? { finalizers: instance.finalizers } : {}),
  };
  context.tx.em.create(WorkItemEntity, {
    id,
    organizationId: instance.organizationId,
    projectId: instance.projectId,
    instanceId: instance.id,
    appSlug: instance.appSlug,
    kind: request.kind,
    action: request.action ?? null,
    state: 'queued',
    spec,
    generation: instance.generation,
    attempt: 0,
    attemptsMax: Number(attemptsMax.value),
    observesFirst: request.observesFirst ?? false,
    stopSignal: null,
    leaseId: null,
    fence: null,
    leasedBy: null,
    leaseExpiresAt: null,
    availableAt: context.now,
    steps: [],
    failureClass: null,
    failureMessage: null,
    correlationId: context.correlationId,
    createdAt: context.now,
    finishedAt: null,
  });
  const data = { instanceId: instance.id, appSlug: instance.appSlug, kind: request.kind, attempt: 0 };
  context.emit(workItemQueued, { subjectId: id, scope: projectScope(instance), data });
  return id;
}

async function replaceOpenWork(work: Work, instance: InstanceRow, signal: 'CANCEL' | 'SUPERSEDED'): Promise<void> {
  for (const item of await openWork(work, instance)) {
    if (item.state === 'leased') item.stopSignal = signal;
    else finishWork(work, item, signal === 'CANCEL' ? 'cancel' : 'supersede');
  }
}

/** Gives a work item its outcome. */
export function finishWork(
  work: Work,
  item: WorkItemRow,
  event: Exclude<WorkItemEvent, 'lease' | 'requeue' | 'retry'>,
): void {
  const state = workItemLifecycle.next(item.state, event);
  if (state === null) throw new Error(`work item ${item.id} is ${item.state} and cannot ${event}`);
  item.state = state;
  item.finishedAt = work.context.now;
  work.context.emit(workItemFinished, {
    subjectId: item.id,
    scope: projectScope(item),
    data: { instanceId: item.instanceId, kind: item.kind, state, failureClass: item.failureClass },
  });
}
