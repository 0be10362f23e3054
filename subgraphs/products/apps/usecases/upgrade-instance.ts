import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { availableActions, instanceLifecycle } from '../domain/instance-lifecycle.js';
import { isClusterApp } from '../manifest/manifest.js';
import { lockInstance, planEndpoints, scopeOfInstance } from '../store/instance-store.js';
import type { AppsServices, Work } from './apps-services.js';
import { moveInstance, setConditions, wantOf } from './change-instance.js';
import { exposureModes, launchParameters } from './launch-instance.js';
import { prepareLaunch } from './prepare-launch.js';
import { queueWork } from './queue-work.js';
import { underWay } from './request-instance-action.js';

const input = z.object({
  id: z.string(),
  versionId: z.string(),
  parameters: launchParameters.optional(),
  exposure: exposureModes,
  idempotencyKey,
});

/**
 * Moves a running instance to another active version or other values; everything that holds for a launch must hold again. It
 * keeps its price. Refuses INVALID_STATE and CONFLICT beside the refusals of a launch.
 */
export function createUpgradeInstance(
  services: AppsServices,
): Command<typeof input, { id: string; workItemId: string }> {
  return defineCommand({
    action: 'apps.instance.upgrade',
    input,
    scope: ({ id }, lookup) => scopeOfInstance(lookup, id),
    async run(context, { id, versionId, parameters, exposure }) {
      const work: Work = { context, services };
      const instance = await lockInstance(context.tx, id);
      if (instance === null) return refuse('NOT_FOUND', `There is no app instance ${id}.`, { field: ['input', 'id'] });
      if (instanceLifecycle.next(instance.state, 'upgrade') === null) {
        return refuse('INVALID_STATE', `An app instance that is ${instance.state} cannot be upgraded.`, {
          field: ['input', 'id'],
          details: { state: instance.state, availableActions: availableActions(instance) },
        });
      }
      const busy = await underWay(work, instance);
      if (busy !== null) return busy;
      const { projectId, appSlug, allocationId } = instance;
      const prepared = await prepareLaunch(work, {
        projectId,
        appSlug,
        versionId,
        allocationId,
        parameters: parameters ?? instance.parameters,
        exposure,
      });
      if (!prepared.ok) return prepared;
      const { version, values, plan, planHash } = prepared.value;
      const { operatingMode, controlPlaneScope } = version.manifest.modes;
      const fromVersionId = instance.versionId;
      Object.assign(instance, {
        versionId,
        parameters: values,
        plan,
        planHash,
        operatingMode,
        controlPlaneScope,
        isCluster: isClusterApp(version.manifest),
      });
      wantOf(work, instance, 'upgrade');
      await moveInstance(work, instance, 'upgrade', `To version ${version.number}.`);
      await planEndpoints(context.tx, instance, plan, context.now);
      const workItemId = await queueWork(work, instance, { kind: 'UPDATE' });
      await setConditions(work, instance, [
        { type: 'Progressing', status: 'True', reason: 'Queued', message: 'Waits for a worker to upgrade it.' },
      ]);
      context.describe({ type: 'AppInstance', id }, { fromVersionId, versionId, planHash });
      return accept({ id, workItemId });
    },
  });
}
