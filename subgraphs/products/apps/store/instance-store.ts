import { LockMode } from '@mikro-orm/core';
import type { Scope } from '../../../../kernel/access/authority.js';
import type { ScopeLookup } from '../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Condition } from '../domain/conditions.js';
import type { Plan } from '../domain/render-plan.js';
import { InstanceEntity, type InstanceRow, WorkItemEntity, type WorkItemRow } from './entities.js';

export function projectScope(place: { projectId: string; organizationId: string }): Scope {
  return { level: 'project', id: place.projectId, organizationId: place.organizationId };
}

/** Where an instance is, for commands that name it. */
export async function scopeOfInstance(lookup: ScopeLookup, instanceId: string): Promise<Scope | null> {
  const row = await lookup.row<{ projectId: string; organizationId: string }>(
    `select project_id as "projectId", organization_id as "organizationId" from apps.instances where id = $1`,
    [instanceId],
  );
  return row === null ? null : projectScope(row);
}

export async function scopeOfWorkItem(lookup: ScopeLookup, workItemId: string): Promise<Scope | null> {
  const row = await lookup.row<{ projectId: string; organizationId: string }>(
    `select project_id as "projectId", organization_id as "organizationId" from apps.work_items where id = $1`,
    [workItemId],
  );
  return row === null ? null : projectScope(row);
}

/** Every change of an instance, its work and its lease goes under this lock. */
export async function lockInstance(tx: Transaction, instanceId: string): Promise<InstanceRow | null> {
  return (await tx.em.findOne(
    InstanceEntity,
    { id: instanceId },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  )) as InstanceRow | null;
}

/** Locks the instance of a work item, then reads the item: always in this order. */
export async function lockWorkItem(
  tx: Transaction,
  workItemId: string,
): Promise<{ instance: InstanceRow; item: WorkItemRow } | null> {
  const found = await tx.row<{ instanceId: string }>(
    `select instance_id as "instanceId" from apps.work_items where id = $1`,
    [workItemId],
  );
  const instance = found === null ? null : await lockInstance(tx, found.instanceId);
  const item = (await tx.em.findOne(WorkItemEntity, { id: workItemId })) as WorkItemRow | null;
  return instance === null || item === null ? null : { instance, item };
}

/** The database's clock, read now: leases of all processes are judged by this one. */
export async function serverClock(tx: Transaction): Promise<Date> {
  const row = await tx.row<{ now: Date }>('select clock_timestamp() as now');
  if (row === null) throw new Error('the database has no clock');
  return row.now;
}

/** Writes conditions; answers those whose status or reason changed. `last_transition_at` moves with the status only. */
export async function writeConditions(
  tx: Transaction,
  instance: { id: string; organizationId: string; observedGeneration: number },
  conditions: readonly Condition[],
  now: Date,
): Promise<Condition[]> {
  const changed = await tx.rows<{ type: string }>(
    `with given as (select * from unnest($5::text[], $6::text[], $7::text[], $8::text[]) as g (type, status, reason, message)),
       old as (select type, status, reason from apps.conditions where instance_id = $1),
       written as (
         insert into apps.conditions as c (instance_id, organization_id, type, status, reason, message, observed_generation, last_transition_at)
         select $1, $2, type, status, reason, message, $3, $4 from given
         on conflict (instance_id, type) do update set status = excluded.status, reason = excluded.reason, message = excluded.message,
           observed_generation = excluded.observed_generation,
           last_transition_at = case when c.status = excluded.status then c.last_transition_at else excluded.last_transition_at end)
     select g.type from given g left join old o using (type) where o.type is null or o.status <> g.status or o.reason <> g.reason`,
    [
      instance.id,
      instance.organizationId,
      instance.observedGeneration,
      now,
      conditions.map((condition) => condition.type),
      conditions.map((condition) => condition.status),
      conditions.map((condition) => condition.reason),
      conditions.map((condition) => condition.message),
    ],
  );
  const types = new Set(changed.map((row) => row.type));
  return conditions.filter((condition) => types.has(condition.type));
}

/** Makes the endpoints of an instance those of its plan; those that stay keep what is known of them. */
export async function planEndpoints(
  tx: Transaction,
  instance: { id: string; organizationId: string },
  plan: Plan,
  now: Date,
): Promise<void> {
  const { endpoints } = plan;
  await tx.execute('delete from apps.endpoints where instance_id = $1 and name <> all ($2)', [
    instance.id,
    endpoints.map((endpoint) => endpoint.name),
  ]);
  await tx.execute(
    `insert into apps.endpoints (id, instance_id, organization_id, name, protocol, exposure_mode, auth_mode, url, is_ready, changed_at)
     select id, $1, $2, name, protocol, exposure, auth, null, false, $3
     from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) as e (id, name, protocol, exposure, auth)
     on conflict (instance_id, name) do update
       set protocol = excluded.protocol, exposure_mode = excluded.exposure_mode, auth_mode = excluded.auth_mode`,
    [
      instance.id,
      instance.organizationId,
      now,
      endpoints.map(() => newId('ept')),
      endpoints.map((endpoint) => endpoint.name),
      endpoints.map((endpoint) => endpoint.protocol),
      endpoints.map((endpoint) => endpoint.exposureMode),
      endpoints.map((endpoint) => endpoint.authMode),
    ],
  );
}

export interface EndpointState {
  readonly [column: string]: unknown;
  readonly name: string;
  readonly isReady: boolean;
}

export async function endpointStates(tx: Transaction, instanceId: string): Promise<EndpointState[]> {
  return tx.rows<EndpointState>(
    'select name, is_ready as "isReady" from apps.endpoints where instance_id = $1 order by name',
    [instanceId],
  );
}

/** Routes go first when an instance is removed or stopped: nothing may be reached any more. */
export async function closeEndpoints(tx: Transaction, instanceId: string, now: Date): Promise<number> {
  return tx.execute(
    'update apps.endpoints set is_ready = false, url = null, changed_at = $2 where instance_id = $1 and (is_ready or url is not null)',
    [instanceId, now],
  );
}

/** Remembers that a worker asked the queue of an app in a project. */
export async function notePresence(
  tx: Transaction,
  queue: { projectId: string; organizationId: string; appSlugs: readonly string[]; polledBy: string },
): Promise<void> {
  await tx.execute(
    `insert into apps.queues as q (project_id, app_slug, organization_id, polled_by, polled_at)
     select $1, slug, $2, $3, clock_timestamp() from unnest($4::text[]) as slug order by slug
     on conflict (project_id, app_slug) do update set polled_by = excluded.polled_by, polled_at = excluded.polled_at`,
    [queue.projectId, queue.organizationId, queue.polledBy, [...new Set(queue.appSlugs)]],
  );
}
