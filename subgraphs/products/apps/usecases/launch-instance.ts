import { z } from 'zod';
import { type Command, type Json, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import { instanceRequested } from '../domain/apps-events.js';
import { FINALIZERS, deadlineOf } from '../domain/instance-lifecycle.js';
import { isClusterApp } from '../manifest/manifest.js';
import { InstanceEntity, type InstanceRow } from '../store/entities.js';
import { planEndpoints } from '../store/instance-store.js';
import { type AppsServices, INSTANCE_QUOTA, RUNTIME_UNIT, type Work } from './apps-services.js';
import { setConditions } from './change-instance.js';
import { type PreparedLaunch, prepareLaunch } from './prepare-launch.js';
import { queueWork } from './queue-work.js';

export const instanceName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
    'must be 2 to 63 lower-case letters, digits and hyphens, beginning with a letter',
  );
/** Values are checked against the manifest; here only that they are plain and few. */
export const launchParameters = z
  .record(z.string().max(64), z.unknown())
  .refine((values) => Object.keys(values).length <= 64, 'must have at most 64 members')
  .default({});
export const exposureModes = z.record(z.string().max(64), z.string().max(64)).default({});

const input = z.object({
  projectId: z.string(),
  appSlug: z.string(),
  versionId: z.string().optional(),
  allocationId: z.string(),
  name: instanceName,
  parameters: launchParameters,
  exposure: exposureModes,
  idempotencyKey,
});

/**
 * Launches an app on an allocation. Refuses NOT_FOUND, INVALID_STATE, NOT_ENTITLED, NOT_TRUSTED, INVALID_INPUT, PRICE_UNKNOWN,
 * QUOTA_EXCEEDED and ALREADY_EXISTS (the name). The instance starts as `requested`; a worker does the rest.
 */
export function createLaunchInstance(
  services: AppsServices,
): Command<typeof input, { id: string; workItemId: string } & Record<string, Json>> {
  return defineCommand({
    action: 'apps.instance.launch',
    input,
    scope: async ({ projectId }) => (await services.iam.directory.project(projectId))?.scope ?? null,
    async run(context, request) {
      const work: Work = { context, services };
      const project = await services.iam.directory.project(request.projectId);
      if (project === null || !project.isActive) {
        return refuse('INVALID_STATE', 'The project is archived; nothing new may start in it.', {
          field: ['input', 'projectId'],
        });
      }
      const prepared = await prepareLaunch(work, request);
      if (!prepared.ok) return prepared;
      const taken = await context.tx.row(
        `select from apps.instances where project_id = $1 and name = $2 and state <> 'decommissioned'`,
        [request.projectId, request.name],
      );
      if (taken !== null)
        return refuse('ALREADY_EXISTS', `The project has an app instance named "${request.name}" already.`, {
          field: ['input', 'name'],
        });
      const created = await createInstance(work, {
        project,
        prepared: prepared.value,
        name: request.name,
        allocationId: request.allocationId,
      });
      if (!created.ok) return created;
      const instance = created.value;
      const workItemId = await queueWork(work, instance, { kind: 'PROVISION' });
      context.describe(
        { type: 'AppInstance', id: instance.id },
        { app: instance.appSlug, version: prepared.value.version.number, planHash: instance.planHash },
      );
      context.emit(instanceRequested, {
        subjectId: instance.id,
        scope: context.scope,
        data: {
          appSlug: instance.appSlug,
          versionId: instance.versionId,
          allocationId: instance.allocationId,
          planHash: instance.planHash,
        },
      });
      return accept({ id: instance.id, workItemId });
    },
  });
}

async function createInstance(
  work: Work,
  launch: { project: ProjectPlace; prepared: PreparedLaunch; name: string; allocationId: string },
): Promise<Outcome<InstanceRow>> {
  const { context, services } = work;
  const { project, prepared } = launch;
  const { version } = prepared;
  const id = newId('ain');
  const price = await priceOf(work, version.manifest.billing, version.slug);
  if (!price.ok) return price;
  const quota = await holdQuota(work, project.projectId, id);
  if (!quota.ok) return quota;
  const instance = context.tx.em.create(InstanceEntity, {
    id,
    organizationId: project.organizationId,
    departmentId: project.departmentId,
    projectId: project.projectId,
    appId: version.appId,
    appSlug: version.slug,
    versionId: version.id,
    name: launch.name,
    allocationId: launch.allocationId,
    operatingMode: version.manifest.modes.operatingMode,
    controlPlaneScope: version.manifest.modes.controlPlaneScope,
    isCluster: isClusterApp(version.manifest),
    state: 'requested',
    stateReason: null,
    stateChangedAt: context.now,
    stateDeadlineAt: deadlineOf('requested', context.now, services.timings),
    desiredState: 'running',
    health: 'unknown',
    generation: 1,
    observedGeneration: 0,
    parameters: prepared.values,
    plan: prepared.plan,
    planHash: prepared.planHash,
    priceSnapshotId: price.value,
    meteredUntil: null,
    fence: 0,
    leasedItemId: null,
    finalizers: [...FINALIZERS],
    requestedBy: context.actor.id,
    correlationId: context.correlationId,
    createdAt: context.now,
  }) as InstanceRow;
  await context.tx.em.flush();
  await planEndpoints(context.tx, instance, prepared.plan, context.now);
  await setConditions(work, instance, [
    { type: 'Ready', status: 'False', reason: 'Requested', message: 'Nothing has been started yet.' },
    { type: 'Progressing', status: 'True', reason: 'Queued', message: 'Waits for a worker of the app.' },
    { type: 'EndpointsReady', status: 'False', reason: 'NotReady', message: 'No endpoint answers yet.' },
    {
      type: 'ControllerReachable',
      status: 'Unknown',
      reason: 'NotSeenYet',
      message: 'No worker has asked for this work yet.',
    },
    { type: 'Stalled', status: 'False', reason: 'Fine', message: 'Nothing is in the way.' },
  ]);
  return accept(instance);
}

/** The frozen price of an app that is metered; null for one that is not. A price of zero is a price. */
async function priceOf(work: Work, billing: 'none' | 'runtime_hour', slug: string): Promise<Outcome<string | null>> {
  if (billing === 'none') return accept(null);
  const { context, services } = work;
  const organizationId = context.scope.organizationId ?? '';
  const price = await services.billing.prices.snapshot(context.tx, {
    priceKey: `app:${slug}`,
    unit: RUNTIME_UNIT,
    organizationId,
  });
  return price.ok ? accept(price.value.id) : price;
}

async function holdQuota(work: Work, projectId: string, instanceId: string): Promise<Outcome<null>> {
  const { context, services } = work;
  const request = {
    projectId,
    principalId: context.actor.id,
    dimension: INSTANCE_QUOTA,
    amount: 1n,
    reference: instanceId,
    ttlSeconds: 60,
  };
  const hold = await services.iam.quotas.hold(context.tx, request);
  return hold.ok ? services.iam.quotas.commit(context.tx, instanceId, INSTANCE_QUOTA) : hold;
}
