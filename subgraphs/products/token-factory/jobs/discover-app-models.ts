import { type Agent, request } from 'undici';
import { emitEvent } from '../../../../kernel/events/event-type.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import { baseUrlFault } from '../domain/provider-address.js';
import { endpointReadinessChanged } from '../domain/token-factory-events.js';
import { projectScope } from './follow-app-endpoints.js';

const BATCH = 20;
const ANSWER_MILLISECONDS = 5000;
const ANSWER_CHARACTERS_MAX = 256 * 1024;

interface WaitingEndpoint {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organization_id: string;
  readonly project_id: string;
  readonly base_url: string;
}

/** Asks endpoints of app instances which model they serve, and matches it with the catalogue by slug or alias. */
export function discoverAppModelsJob(deps: { kernel: Kernel; agent: Agent; allowsPrivate: boolean }): Job {
  const { kernel } = deps;
  return {
    name: 'token_factory.discover_app_models',
    everyMilliseconds: 5000,
    wakeOn: ['token_factory.endpoint.', 'token_factory.model.'],
    async run() {
      const waiting = await kernel.database.read('system', (tx) =>
        tx.rows<WaitingEndpoint>(
          `select id, organization_id, project_id, base_url from token_factory.model_endpoints
           where app_instance_id is not null and is_ready and model_id is null and base_url is not null order by id limit ${BATCH}`,
        ),
      );
      for (const endpoint of waiting) {
        const names = await servedModels(deps, endpoint.base_url).catch((error: unknown) => {
          kernel.logger.debug({ err: error, endpoint: endpoint.id }, 'an endpoint did not say which models it serves');
          return [];
        });
        if (names.length > 0) await adopt(kernel, endpoint, names);
      }
      return false;
    },
  };
}

async function servedModels(deps: { agent: Agent; allowsPrivate: boolean }, baseUrl: string): Promise<string[]> {
  if (baseUrlFault(baseUrl, deps.allowsPrivate) !== null) return [];
  const response = await request(`${baseUrl}/models`, {
    dispatcher: deps.agent,
    signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
  });
  const text = await response.body.text();
  if (response.statusCode !== 200 || text.length > ANSWER_CHARACTERS_MAX) return [];
  const { data } = JSON.parse(text) as { data?: { id?: unknown }[] };
  return (data ?? []).flatMap((model) => (typeof model.id === 'string' ? [model.id] : [])).slice(0, 50);
}

async function adopt(kernel: Kernel, endpoint: WaitingEndpoint, names: readonly string[]): Promise<void> {
  await kernel.database.transaction('system', async (tx) => {
    const model = await tx.row<{ id: string; name: string }>(
      `select m.id, n.name from unnest($1::text[]) with ordinality as n (name, position)
       join token_factory.models m on m.slug = lower(n.name) or n.name = any (m.aliases) order by n.position limit 1`,
      [names],
    );
    const moved = await tx.execute(
      `update token_factory.model_endpoints set model_id = $2, upstream_model = $3, readiness_reason = $4, version = version + 1
       where id = $1 and is_ready and model_id is null and base_url = $5 and ($2::text is not null or readiness_reason is distinct from $4)`,
      [
        endpoint.id,
        model?.id ?? null,
        model?.name ?? null,
        model === null ? `the catalogue has no model "${names[0]?.slice(0, 100) ?? ''}"` : null,
        endpoint.base_url,
      ],
    );
    if (moved === 0 || model === null) return;
    emitEvent(
      tx,
      endpointReadinessChanged,
      {
        subjectId: endpoint.id,
        scope: projectScope({ organizationId: endpoint.organization_id, projectId: endpoint.project_id }),
        data: { isReady: true, reason: null },
      },
      { correlationId: newId('cor'), actorId: 'system', now: new Date() },
    );
  });
}
