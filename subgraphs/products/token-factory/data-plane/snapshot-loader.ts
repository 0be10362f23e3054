import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { Secrets } from '../../../platform/iam/index.js';
import {
  ModelSnapshot,
  type ServedModel,
  type ServedPolicy,
  type ServedRoute,
  type ServedTarget,
  type ServingEndpoint,
  policyKey,
} from './model-snapshot.js';

interface EndpointRow {
  id: string;
  model_id: string;
  provider_account_id: string | null;
  organization_id: string | null;
  project_id: string | null;
  base_url: string | null;
  upstream_model: string;
  kind: 'builtin' | 'openai_compatible' | null;
  provider_url: string | null;
  secret_id: string | null;
}
interface RouteRow {
  id: string;
  name: string;
  organization_id: string;
  project_id: string | null;
  created_at: number;
}
interface TargetRow {
  route_id: string;
  tier: number;
  weight: number;
  endpoint_id: string | null;
  model_id: string | null;
}
interface PolicyRow {
  id: string;
  project_id: string;
  api_key_id: string | null;
  allowed_models: string[] | null;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  max_input_tokens: number | null;
  max_output_tokens: number | null;
}
interface ModelRow {
  id: string;
  slug: string;
  modality: ServedModel['modality'];
  context_window_tokens: number;
  max_output_tokens: number;
  tokenizer: ServedModel['tokenizer'];
}

export interface SnapshotRows extends Record<string, unknown> {
  revision: bigint;
  models: ModelRow[];
  endpoints: EndpointRow[];
  routes: RouteRow[];
  targets: TargetRow[];
  policies: PolicyRow[];
}

/** One statement, so that everything is of the same moment as the revision. */
const LOAD = `select
  (select revision from token_factory.snapshot_revision) as revision,
  (select coalesce(jsonb_agg(m), '[]') from (select id, slug, modality, context_window_tokens, max_output_tokens, tokenizer
     from token_factory.models) m) as models,
  (select coalesce(jsonb_agg(e), '[]') from (select e.id, e.model_id, e.provider_account_id, e.organization_id, e.project_id, e.base_url,
     e.upstream_model, p.kind, p.base_url as provider_url, p.secret_id
     from token_factory.model_endpoints e left join token_factory.provider_accounts p on p.id = e.provider_account_id
     where e.is_enabled and e.is_ready and e.model_id is not null and coalesce(p.is_enabled, true)) e) as endpoints,
  (select coalesce(jsonb_agg(r), '[]') from (select id, name, organization_id, project_id, extract(epoch from created_at)::bigint as created_at
     from token_factory.model_routes where state = 'active') r) as routes,
  (select coalesce(jsonb_agg(t), '[]') from (select t.route_id, t.tier, t.weight, t.endpoint_id, t.model_id
     from token_factory.route_targets t join token_factory.model_routes r on r.id = t.route_id and r.state = 'active'
     order by t.route_id, t.position) t) as targets,
  (select coalesce(jsonb_agg(l), '[]') from (select id, project_id, api_key_id, allowed_models, requests_per_minute, tokens_per_minute,
     max_input_tokens, max_output_tokens from token_factory.model_policies) l) as policies`;

/** Loads a snapshot. Keys that were opened before are taken from `opened` (by secret id); new ones are added to it. */
export async function loadSnapshot(
  tx: Transaction,
  secrets: Secrets,
  opened: Map<string, string>,
): Promise<ModelSnapshot> {
  const rows = await tx.row<SnapshotRows>(LOAD);
  if (rows === null) throw new Error('the snapshot statement answered nothing');
  for (const { secret_id: secretId } of rows.endpoints) {
    if (secretId === null || opened.has(secretId)) continue;
    const secret = await secrets.open(tx, secretId);
    if (secret !== null) opened.set(secretId, secret);
  }
  const used = new Set(rows.endpoints.map((row) => row.secret_id));
  for (const secretId of opened.keys()) if (!used.has(secretId)) opened.delete(secretId);
  return buildSnapshot(rows, opened);
}

export function buildSnapshot(rows: SnapshotRows, opened: ReadonlyMap<string, string>): ModelSnapshot {
  const models = new Map(rows.models.map((row) => [row.id, toModel(row)]));
  const endpoints = new Map<string, { endpoint: ServingEndpoint; organizationId: string | null }>();
  for (const row of rows.endpoints) {
    const model = models.get(row.model_id);
    // An endpoint whose key is gone cannot be called.
    if (model === undefined || (row.secret_id !== null && !opened.has(row.secret_id))) continue;
    endpoints.set(row.id, { organizationId: row.organization_id, endpoint: toEndpoint(row, model, opened) });
  }
  const targets = Map.groupBy(rows.targets, (target) => target.route_id);
  const routes = rows.routes.map((route): ServedRoute => ({
    id: route.id,
    name: route.name,
    organizationId: route.organization_id,
    projectId: route.project_id,
    createdAt: route.created_at,
    targets: (targets.get(route.id) ?? []).flatMap((target): ServedTarget[] =>
      [...endpoints.values()]
        .filter(({ endpoint }) => endpoint.id === target.endpoint_id || endpoint.model.id === target.model_id)
        .filter(({ organizationId }) => organizationId === null || organizationId === route.organization_id)
        .map(({ endpoint }) => ({ endpoint, tier: target.tier, weight: target.weight })),
    ),
  }));
  const policies = new Map(rows.policies.map((row) => [policyKey(row.project_id, row.api_key_id), toPolicy(row)]));
  return new ModelSnapshot(rows.revision, routes, policies);
}

function toModel(row: ModelRow): ServedModel {
  return {
    id: row.id,
    slug: row.slug,
    modality: row.modality,
    contextWindowTokens: row.context_window_tokens,
    maxOutputTokens: row.max_output_tokens,
    tokenizer: row.tokenizer,
  };
}

function toEndpoint(row: EndpointRow, model: ServedModel, opened: ReadonlyMap<string, string>): ServingEndpoint {
  return {
    id: row.id,
    kind: row.kind ?? 'openai_compatible',
    providerAccountId: row.provider_account_id,
    failureDomain: row.provider_account_id ?? row.id,
    projectId: row.project_id,
    isAppInstance: row.provider_account_id === null,
    baseUrl: row.provider_url ?? row.base_url,
    secret: row.secret_id === null ? null : (opened.get(row.secret_id) ?? null),
    upstreamModel: row.upstream_model,
    model,
  };
}

function toPolicy(row: PolicyRow): ServedPolicy {
  return {
    id: row.id,
    allowedModels: row.allowed_models === null ? null : new Set(row.allowed_models),
    requestsPerMinute: row.requests_per_minute,
    tokensPerMinute: row.tokens_per_minute,
    maxInputTokens: row.max_input_tokens,
    maxOutputTokens: row.max_output_tokens,
  };
}
