import { z } from 'zod';
import { type Outcome, accept, refuseAll } from '../../../../kernel/errors/refusal.js';
import { instanceProgressed } from '../domain/apps-events.js';
import { WORKER_CONDITIONS } from '../domain/conditions.js';
import type { WorkStep } from '../store/entities.js';
import { projectScope } from '../store/instance-store.js';
import type { Work } from './apps-services.js';
import { observeEndpoints, setConditions } from './change-instance.js';
import type { HeldLease } from './work-lease.js';

// GraphQL clients send null for what they leave out.
const message = z
  .string()
  .max(1000, 'must have at most 1000 characters')
  .nullish()
  .transform((text) => text ?? '');

function listOf<Item extends z.ZodType>(
  item: Item,
  most: number,
): z.ZodType<z.output<Item>[], z.input<Item>[] | null | undefined> {
  return z
    .array(item)
    .max(most, `must have at most ${most} items`)
    .nullish()
    .transform((items) => items ?? []);
}

/** An address that clients can be sent to: no credentials in it. */
const endpointUrl = z
  .url({ protocol: /^(https?|ssh)$/, error: 'must be an http, https or ssh URL' })
  .max(2048)
  .refine((text) => {
    const url = new URL(text);
    return url.username === '' || (url.protocol === 'ssh:' && url.password === '');
  }, 'must not contain credentials');

/** What a worker may tell beside the outcome. */
export const reportFields = {
  steps: listOf(
    z.object({
      name: z.string().min(1).max(100),
      state: z.enum(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED']),
      message,
    }),
    50,
  ),
  conditions: listOf(
    z.object({
      type: z.enum(WORKER_CONDITIONS),
      status: z.enum(['True', 'False', 'Unknown']),
      reason: z.string().regex(/^[A-Z][A-Za-z0-9]{0,63}$/, 'must be one word in CamelCase'),
      message,
    }),
    WORKER_CONDITIONS.length,
  ),
  endpoints: listOf(z.object({ name: z.string().max(63), url: endpointUrl.nullish(), isReady: z.boolean() }), 16),
  members: listOf(
    z.object({ componentKey: z.string().min(1).max(100), status: z.string().min(1).max(60), detail: message }),
    200,
  ),
  health: z.enum(['unknown', 'healthy', 'unhealthy']).nullish(),
};

const report = z.object(reportFields);
export type Report = z.output<typeof report>;

/** Applies what the holder of a lease told. Refuses endpoints that the plan does not have, all at once. */
export async function applyReport(work: Work, lease: HeldLease, told: Report): Promise<Outcome<null>> {
  const { instance, item } = lease;
  const { context } = work;
  const planned = new Set(instance.plan.endpoints.map((endpoint) => endpoint.name));
  const unknown = told.endpoints.flatMap((endpoint, index) =>
    planned.has(endpoint.name) ? [] : [{ name: endpoint.name, index }],
  );
  if (unknown.length > 0) {
    return refuseAll(
      unknown.map(({ name, index }) => ({
        code: 'INVALID_INPUT' as const,
        message: `The plan has no endpoint "${name}".`,
        field: ['input', 'endpoints', String(index), 'name'],
      })),
    );
  }
  if (told.health != null) instance.health = told.health;
  if (told.steps.length > 0) {
    item.steps = mergeSteps(item.steps, told.steps);
    context.emit(instanceProgressed, {
      subjectId: instance.id,
      scope: projectScope(instance),
      data: { workItemId: item.id, steps: told.steps },
    });
  }
  await writeMembers(work, lease, told.members);
  await setConditions(work, instance, told.conditions);
  // A removal is on its way: its routes are closed and stay so.
  if (told.endpoints.length > 0 && instance.desiredState !== 'removed') {
    await writeEndpoints(work, lease, told.endpoints);
    await observeEndpoints(work, instance);
  }
  return accept(null);
}

/** Steps keep their first place; the newest word about each counts. */
function mergeSteps(known: readonly WorkStep[], told: readonly WorkStep[]): WorkStep[] {
  const steps = new Map(known.map((step) => [step.name, step]));
  for (const step of told) steps.set(step.name, step);
  return [...steps.values()].slice(0, 100);
}

async function writeEndpoints(work: Work, lease: HeldLease, endpoints: Report['endpoints']): Promise<void> {
  await work.context.tx.execute(
    `update apps.endpoints e set url = g.url, is_ready = g.is_ready, changed_at = $2
     from unnest($3::text[], $4::text[], $5::boolean[]) as g (name, url, is_ready)
     where e.instance_id = $1 and e.name = g.name and (e.url, e.is_ready) is distinct from (g.url, g.is_ready)`,
    [
      lease.instance.id,
      work.context.now,
      endpoints.map((endpoint) => endpoint.name),
      endpoints.map((endpoint) => endpoint.url ?? null),
      endpoints.map((endpoint) => endpoint.isReady),
    ],
  );
}

async function writeMembers(work: Work, lease: HeldLease, members: Report['members']): Promise<void> {
  if (members.length === 0) return;
  await work.context.tx.execute(
    `insert into apps.members (instance_id, organization_id, component_key, status, detail, changed_at)
     select $1, $2, component_key, status, detail, $3 from unnest($4::text[], $5::text[], $6::text[]) as m (component_key, status, detail)
     on conflict (instance_id, component_key) do update set status = excluded.status, detail = excluded.detail, changed_at = excluded.changed_at`,
    [
      lease.instance.id,
      lease.instance.organizationId,
      work.context.now,
      members.map((member) => member.componentKey),
      members.map((member) => member.status),
      members.map((member) => member.detail),
    ],
  );
}
