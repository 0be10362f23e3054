import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { workItemLeased } from '../domain/apps-events.js';
import { lockInstance } from '../store/instance-store.js';
import type { AppsServices, Work } from './apps-services.js';
import { moveInstance, setConditions } from './change-instance.js';

const input = z.object({
  projectId: z.string(),
  appSlugs: z.array(z.string().max(63)).min(1, 'must name at least one app').max(50, 'must name at most 50 apps'),
});

export type LeaseResult = { readonly [key: string]: string | number } & {
  readonly workItemId: string;
  readonly leaseId: string;
  readonly fence: number;
};

interface Acquired {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly instanceId: string;
  readonly kind: string;
  readonly appSlug: string;
  readonly attempt: number;
  readonly fence: number;
}

/**
 * Takes the next work item of these apps in a project, or null when there is none. Raises the instance's fence, so that every
 * earlier holder is locked out from now on.
 */
export function createLeaseWorkItem(services: AppsServices): Command<typeof input, LeaseResult | null> {
  return defineCommand({
    action: 'apps.work_item.lease',
    input,
    scope: async ({ projectId }) => (await services.iam.directory.project(projectId))?.scope ?? null,
    async run(context, { projectId, appSlugs }) {
      const work: Work = { context, services };
      const leaseId = randomUUID();
      const item = await acquire(context.tx, {
        projectId,
        appSlugs,
        leaseId,
        holder: context.actor.id,
        seconds: services.timings.leaseSeconds,
      });
      if (item === null) return accept(null);
      const instance = await lockInstance(context.tx, item.instanceId);
      if (instance === null) throw new Error(`work item ${item.id} has no instance`);
      if (instance.state === 'requested') await moveInstance(work, instance, 'begin', 'A worker took it.');
      await setConditions(work, instance, [
        {
          type: 'Progressing',
          status: 'True',
          reason: 'Working',
          message: `A worker carries out ${item.kind}, attempt ${item.attempt}.`,
        },
        { type: 'ControllerReachable', status: 'True', reason: 'Polling', message: 'A worker asks for work.' },
      ]);
      const { kind, appSlug, attempt, fence } = item;
      context.emit(workItemLeased, {
        subjectId: item.id,
        scope: context.scope,
        data: { instanceId: instance.id, appSlug, kind, attempt, fence },
      });
      context.describe({ type: 'AppWorkItem', id: item.id }, { kind, attempt, fence, instanceId: instance.id });
      return accept({ workItemId: item.id, leaseId, fence });
    },
  });
}

/** What could be leased now. The same condition as that of {@link acquire}. */
const LEASABLE = `w.project_id = $1 and w.app_slug = any ($2) and w.state = 'queued' and w.available_at <= clock_timestamp() and i.leased_item_id is null`;

/** True when a lease has a chance: asked before the command, so that an idle poll leaves no audit record. */
export async function hasLeasable(
  tx: Transaction,
  queue: { projectId: string; appSlugs: readonly string[] },
): Promise<boolean> {
  const row = await tx.row(
    `select from apps.work_items w join apps.instances i on i.id = w.instance_id where ${LEASABLE} limit 1`,
    [queue.projectId, queue.appSlugs],
  );
  return row !== null;
}

/**
 * Removals first, then the oldest. SKIP LOCKED lets workers pass each other; under READ COMMITTED a locked row's conditions are
 * checked again on its newest version, so two never take the same instance. A unique index is the last defence.
 */
async function acquire(
  tx: Transaction,
  lease: { projectId: string; appSlugs: readonly string[]; leaseId: string; holder: string; seconds: number },
): Promise<Acquired | null> {
  return tx.row<Acquired>(
    `with candidate as (
       select w.id as item_id, i.id as instance_id from apps.work_items w join apps.instances i on i.id = w.instance_id
       where ${LEASABLE} order by (w.kind = 'DECOMMISSION') desc, w.available_at, w.id limit 1 for update of w, i skip locked),
     raised as (
       update apps.instances i set fence = i.fence + 1, leased_item_id = c.item_id, version = i.version + 1
       from candidate c where i.id = c.instance_id returning i.id, i.fence)
     update apps.work_items w set state = 'leased', lease_id = $3, leased_by = $4, fence = r.fence, attempt = w.attempt + 1, stop_signal = null,
       lease_expires_at = clock_timestamp() + make_interval(secs => $5)
     from candidate c join raised r on r.id = c.instance_id where w.id = c.item_id
     returning w.id, w.instance_id as "instanceId", w.kind, w.app_slug as "appSlug", w.attempt, w.fence`,
    [lease.projectId, lease.appSlugs, lease.leaseId, lease.holder, lease.seconds],
  );
}
