import { newId } from '../../../../kernel/identifiers/type-id.js';
import { instanceLeaked } from '../domain/apps-events.js';
import { WORKER_FINALIZERS } from '../domain/instance-lifecycle.js';
import type { InstanceRow } from '../store/entities.js';
import { closeEndpoints, projectScope } from '../store/instance-store.js';
import type { Work } from './apps-services.js';
import { moveInstance, observeEndpoints, setConditions } from './change-instance.js';
import { finishWork, openWork, queueWork } from './queue-work.js';

/**
 * Accepts that an instance is to go, in whatever state it is. Its meter stops and its routes close now; a worker removes the
 * rest, unless none ever touched it. Asked again, it changes nothing but retries a removal that had failed.
 */
export async function beginRemoval(work: Work, instance: InstanceRow, reason: string): Promise<void> {
  if (instance.state === 'decommissioning' || instance.state === 'decommissioned') return;
  instance.desiredState = 'removed';
  instance.generation += 1;
  await moveInstance(work, instance, 'decommission', reason);
  await dropFinalizer(work, instance, 'routes');
  if (instance.fence === 0) {
    for (const item of await openWork(work, instance)) finishWork(work, item, 'cancel');
    await finishRemoval(work, instance, 'NEVER_STARTED');
    return;
  }
  await queueWork(work, instance, { kind: 'DECOMMISSION', observesFirst: true });
  await setConditions(work, instance, [
    { type: 'Ready', status: 'False', reason: 'Decommissioning', message: 'It is being removed.' },
    { type: 'Progressing', status: 'True', reason: 'Decommissioning', message: 'Waits for a worker to remove it.' },
    { type: 'Stalled', status: 'False', reason: 'Fine', message: 'Nothing is in the way.' },
  ]);
}

/** Removes what is left, in the order of the finalizers, and ends the instance. Its quota returns with the same commit. */
export async function finishRemoval(work: Work, instance: InstanceRow, reason: string): Promise<void> {
  for (const finalizer of instance.finalizers) await dropFinalizer(work, instance, finalizer);
  instance.observedGeneration = instance.generation;
  instance.health = 'unknown';
  await moveInstance(work, instance, 'remove', reason);
  await setConditions(work, instance, [
    { type: 'Ready', status: 'False', reason: 'Decommissioned', message: 'It is gone.' },
    { type: 'Progressing', status: 'False', reason: 'Decommissioned', message: 'It is gone.' },
    { type: 'Stalled', status: 'False', reason: 'Fine', message: 'Nothing is in the way.' },
  ]);
}

/**
 * Ends an instance whose removal nobody confirmed in time: whoever still holds a lease is fenced off, and what may be left is
 * written down as a leak, unless its allocation was cleaned meanwhile.
 */
export async function reclaim(work: Work, instance: InstanceRow): Promise<string | null> {
  const { context, services } = work;
  for (const item of await openWork(work, instance)) finishWork(work, item, 'cancel');
  instance.fence += 1;
  instance.leasedItemId = null;
  const unconfirmed = instance.finalizers.filter((finalizer) => WORKER_FINALIZERS.includes(finalizer));
  const allocation = await services.allocations.find(context.tx, instance.allocationId);
  const isCleaned = allocation?.state === 'released';
  const leakId = isCleaned || unconfirmed.length === 0 ? null : newId('leak');
  if (leakId !== null) {
    const reason = `Nobody confirmed within ${services.timings.decommissioningSeconds} s that it is gone.`;
    await context.tx.execute(
      `insert into apps.leaks (id, organization_id, project_id, instance_id, allocation_id, unconfirmed, reason, opened_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        leakId,
        instance.organizationId,
        instance.projectId,
        instance.id,
        instance.allocationId,
        unconfirmed,
        reason,
        context.now,
      ],
    );
    context.emit(instanceLeaked, {
      subjectId: instance.id,
      scope: projectScope(instance),
      data: { leakId, unconfirmed },
    });
  }
  await finishRemoval(work, instance, isCleaned ? 'ALLOCATION_ENDED' : 'RECLAIMED');
  return leakId;
}

async function dropFinalizer(work: Work, instance: InstanceRow, finalizer: string): Promise<void> {
  if (!instance.finalizers.includes(finalizer)) return;
  const { context, services } = work;
  if (finalizer === 'routes') {
    await closeEndpoints(context.tx, instance.id, context.now);
    await observeEndpoints(work, instance);
  }
  if (finalizer === 'members')
    await context.tx.execute('delete from apps.members where instance_id = $1', [instance.id]);
  // Nothing of the instance holds the allocation any more: its place in the quota returns.
  if (finalizer === 'allocation') await services.iam.quotas.release(context.tx, instance.id);
  instance.finalizers = instance.finalizers.filter((remaining) => remaining !== finalizer);
}
