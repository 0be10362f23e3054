import type { Transaction } from '../../../../kernel/database/transaction.js';
import { emitEvent } from '../../../../kernel/events/event-type.js';
import { isTypeId, newId } from '../../../../kernel/identifiers/type-id.js';
import type { Consumer } from '../../../../kernel/jobs/job.js';
import type { Apps, AppEndpointView } from '../../apps/index.js';
import { baseUrlFault } from '../domain/provider-address.js';
import { endpointCreated, endpointReadinessChanged } from '../domain/token-factory-events.js';

interface KnownEndpoint {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly app_endpoint_name: string;
  readonly organization_id: string;
  readonly project_id: string;
  readonly base_url: string | null;
  readonly is_ready: boolean;
}

interface Told {
  readonly tx: Transaction;
  readonly correlationId: string;
}

const UPSTREAM_PROTOCOL = 'openai';

/**
 * Follows app instances: an endpoint that speaks OpenAI's protocol becomes a place where models are served while it is
 * ready. Level-triggered: whatever the event was, the instance's endpoints are read as they are now.
 */
export function followAppEndpoints(deps: { apps: Pick<Apps, 'endpointsOf'>; allowsPrivate: boolean }): Consumer {
  return {
    name: 'token_factory.app_endpoints',
    types: ['apps.'],
    startsAt: 'beginning',
    async handle(tx, { event }) {
      const instanceId = [event.subject, event.data['appInstanceId'], event.data['instanceId']].find(
        (id): id is string => typeof id === 'string' && isTypeId(id, 'ain'),
      );
      if (instanceId === undefined) return;
      const views = (await deps.apps.endpointsOf(tx, instanceId)).filter((view) => view.protocol === UPSTREAM_PROTOCOL);
      const known = await tx.rows<KnownEndpoint>(
        `select id, app_endpoint_name, organization_id, project_id, base_url, is_ready from token_factory.model_endpoints
         where app_instance_id = $1 for update`,
        [instanceId],
      );
      const told = { tx, correlationId: event.correlationid };
      for (const view of views) {
        const row = known.find((one) => one.app_endpoint_name === view.endpointName);
        if (row === undefined) await addEndpoint(told, view, deps.allowsPrivate);
        else await moveEndpoint(told, row, view, deps.allowsPrivate);
      }
      for (const row of known) {
        const isGone = !views.some((view) => view.endpointName === row.app_endpoint_name);
        if (isGone && row.is_ready)
          await setReadiness(told, row, {
            isReady: false,
            reason: 'the app instance no longer has this endpoint',
            baseUrl: row.base_url,
          });
      }
    },
  };
}

async function addEndpoint(told: Told, view: AppEndpointView, allowsPrivate: boolean): Promise<void> {
  const id = newId('mep');
  const { isReady, reason, baseUrl } = readinessOf(view, allowsPrivate);
  await told.tx.execute(
    `insert into token_factory.model_endpoints
       (id, organization_id, project_id, app_instance_id, app_endpoint_name, base_url, is_ready, readiness_reason, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now())`,
    [id, view.organizationId, view.projectId, view.appInstanceId, view.endpointName, baseUrl, isReady, reason],
  );
  emitEvent(
    told.tx,
    endpointCreated,
    {
      subjectId: id,
      scope: projectScope(view),
      data: { modelId: null, providerAccountId: null, appInstanceId: view.appInstanceId },
    },
    originOf(told),
  );
}

async function moveEndpoint(
  told: Told,
  row: KnownEndpoint,
  view: AppEndpointView,
  allowsPrivate: boolean,
): Promise<void> {
  const now = readinessOf(view, allowsPrivate);
  if (now.isReady === row.is_ready && now.baseUrl === row.base_url) return;
  await setReadiness(told, row, now);
}

async function setReadiness(
  told: Told,
  row: KnownEndpoint,
  now: { isReady: boolean; reason: string | null; baseUrl: string | null },
): Promise<void> {
  await told.tx.execute(
    // Another address, or another start, may serve another model: it is asked again.
    `update token_factory.model_endpoints
     set is_ready = $2, readiness_reason = $3, base_url = $4, model_id = null, upstream_model = null, version = version + 1 where id = $1`,
    [row.id, now.isReady, now.reason, now.baseUrl],
  );
  emitEvent(
    told.tx,
    endpointReadinessChanged,
    {
      subjectId: row.id,
      scope: projectScope({ organizationId: row.organization_id, projectId: row.project_id }),
      data: { isReady: false, reason: now.isReady ? 'waiting for its list of models' : now.reason },
    },
    originOf(told),
  );
}

/** The address comes from an app's worker, which is the tenant's: it is judged as any other. */
function readinessOf(
  view: AppEndpointView,
  allowsPrivate: boolean,
): { isReady: boolean; reason: string | null; baseUrl: string | null } {
  if (!view.isReady) return { isReady: false, reason: 'the app instance is not ready', baseUrl: null };
  const trimmed = view.url.replace(/\/+$/, '');
  const baseUrl = URL.canParse(trimmed) && new URL(trimmed).pathname === '/' ? `${trimmed}/v1` : trimmed;
  const fault = baseUrlFault(baseUrl, allowsPrivate);
  if (fault !== null) return { isReady: false, reason: `its address ${fault}`, baseUrl: null };
  return { isReady: true, reason: 'waiting for its list of models', baseUrl };
}

export function projectScope(place: { organizationId: string; projectId: string }): {
  level: 'project';
  id: string;
  organizationId: string;
} {
  return { level: 'project', id: place.projectId, organizationId: place.organizationId };
}

function originOf(told: Told): { correlationId: string; actorId: string; now: Date } {
  return { correlationId: told.correlationId, actorId: 'system', now: new Date() };
}
