import type { Scope } from '../../../../kernel/access/authority.js';
import { type RequestContext, defineLoader, reachCondition } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { ProviderHealth } from '../domain/provider-health.js';
import type { RouteState } from '../domain/route-lifecycle.js';

export const READ = {
  provider: 'token_factory.provider.read',
  route: 'token_factory.route.read',
  policy: 'token_factory.policy.read',
  request: 'token_factory.request.read',
} as const;

interface Row {
  readonly [column: string]: unknown;
  readonly id: string;
}

export interface ModelRecord extends Row {
  readonly slug: string;
  readonly title: string;
  readonly modality: string;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
  readonly tokenizer: string;
  readonly aliases: string[];
  readonly createdAt: Date;
}

export interface ProviderRecord extends Row {
  readonly name: string;
  readonly kind: string;
  readonly baseUrl: string | null;
  readonly hasSecret: boolean;
  readonly isEnabled: boolean;
  readonly health: ProviderHealth;
  readonly healthReason: string | null;
  readonly healthChangedAt: Date;
  readonly createdAt: Date;
}

export interface EndpointRecord extends Row {
  readonly modelId: string | null;
  readonly providerAccountId: string | null;
  readonly organizationId: string | null;
  readonly projectId: string | null;
  readonly appInstanceId: string | null;
  readonly upstreamModel: string | null;
  readonly isEnabled: boolean;
  readonly isReady: boolean;
  readonly readinessReason: string | null;
  readonly createdAt: Date;
}

export interface RouteRecord extends Row {
  readonly organizationId: string;
  readonly departmentId: string | null;
  readonly projectId: string | null;
  readonly name: string;
  readonly description: string;
  readonly state: RouteState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
}

export interface TargetRecord {
  readonly [column: string]: unknown;
  readonly routeId: string;
  readonly tier: number;
  readonly weight: number;
  readonly endpointId: string | null;
  readonly modelId: string | null;
}

export interface PolicyRecord extends Row {
  readonly organizationId: string;
  readonly projectId: string;
  readonly apiKeyId: string | null;
  readonly allowedModels: string[] | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly maxInputTokens: number | null;
  readonly maxOutputTokens: number | null;
  readonly updatedAt: Date;
}

export interface RequestRecord extends Row {
  readonly organizationId: string;
  readonly projectId: string;
  readonly routeId: string;
  readonly modelId: string | null;
  readonly costNanos: bigint;
  readonly currency: string;
}

/** `select` list that gives columns the names of the API. */
function columns(names: string): string {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => `${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} as "${name}"`)
    .join(', ');
}

const MODEL = columns('id slug title modality contextWindowTokens maxOutputTokens tokenizer aliases createdAt');
const PROVIDER = `${columns('id name kind baseUrl isEnabled health healthReason healthChangedAt createdAt')}, secret_id is not null as "hasSecret"`;
const ENDPOINT = columns(
  'id modelId providerAccountId organizationId projectId appInstanceId upstreamModel isEnabled isReady readinessReason createdAt',
);
const ROUTE = columns(
  'id organizationId departmentId projectId name description state stateReason stateChangedAt createdAt',
);
const POLICY = columns(
  'id organizationId projectId apiKeyId allowedModels requestsPerMinute tokensPerMinute maxInputTokens maxOutputTokens updatedAt',
);
const REQUEST =
  columns(`id organizationId projectId routeId routeName modelId providerAccountId endpointId apiKeyId principalId operation isStreaming
  result errorCode attempts inputTokens outputTokens provenance costNanos currency firstByteMilliseconds durationMilliseconds correlationId startedAt`);

function byIdLoader<Record_ extends Row>(
  name: string,
  table: string,
  select: string,
): ReturnType<typeof defineLoader<string, Record_>> {
  return defineLoader<string, Record_>(name, async (context, ids) => {
    const rows = await context.read((tx) =>
      tx.rows<Record_>(`select ${select} from token_factory.${table} where id = any ($1)`, [ids]),
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}

export const modelLoader = byIdLoader<ModelRecord>('token_factory.model', 'models', MODEL);
export const providerLoader = byIdLoader<ProviderRecord>('token_factory.provider', 'provider_accounts', PROVIDER);
export const endpointLoader = byIdLoader<EndpointRecord>('token_factory.endpoint', 'model_endpoints', ENDPOINT);
export const routeLoader = byIdLoader<RouteRecord>('token_factory.route', 'model_routes', ROUTE);
export const policyLoader = byIdLoader<PolicyRecord>('token_factory.policy', 'model_policies', POLICY);
export const requestLoader = byIdLoader<RequestRecord>('token_factory.request', 'model_requests', REQUEST);

export const targetsLoader = defineLoader<string, TargetRecord[]>(
  'token_factory.targets',
  async (context, routeIds) => {
    const rows = await context.read((tx) =>
      tx.rows<TargetRecord>(
        `select ${columns('routeId tier weight endpointId modelId')} from token_factory.route_targets where route_id = any ($1) order by route_id, position`,
        [routeIds],
      ),
    );
    const byRoute = Map.groupBy(rows, (row) => row.routeId);
    return routeIds.map((id) => byRoute.get(id) ?? []);
  },
);

export const appEndpointsLoader = defineLoader<string, EndpointRecord[]>(
  'token_factory.app_endpoints',
  async (context, instanceIds) => {
    const rows = await context.read((tx) =>
      tx.rows<EndpointRecord>(
        `select ${ENDPOINT} from token_factory.model_endpoints where app_instance_id = any ($1) order by id`,
        [instanceIds],
      ),
    );
    const byInstance = Map.groupBy(rows, (row) => row.appInstanceId);
    return instanceIds.map((id) => byInstance.get(id) ?? []);
  },
);

/** A page of a table, newest first, under conditions of which `$1…` are the values. */
async function pageOf<Record_ extends Row>(
  context: RequestContext,
  request: {
    table: string;
    select: string;
    page: PageArguments;
    conditions: readonly string[];
    values: readonly unknown[];
  },
): Promise<Page<Record_>> {
  const wanted = pageRequest(request.page);
  const keyset = keysetSql('id', wanted, { firstParameter: request.values.length + 1 });
  const where = [...request.conditions, keyset.condition].join(' and ');
  const rows = await context.read((tx) =>
    tx.rows<Record_>(`select ${request.select} from token_factory.${request.table} where ${where} ${keyset.tail}`, [
      ...request.values,
      ...keyset.values,
    ]),
  );
  return toPage(wanted, rows, (row) => [row.id]);
}

/** The catalogue; everybody who is signed in may see what models there are. */
export async function listModels(context: RequestContext, args: PageArguments): Promise<Page<ModelRecord>> {
  return pageOf(context, { table: 'models', select: MODEL, page: args, conditions: [], values: [] });
}

export async function listProviders(context: RequestContext, args: PageArguments): Promise<Page<ProviderRecord>> {
  return pageOf(context, { table: 'provider_accounts', select: PROVIDER, page: args, conditions: [], values: [] });
}

/** Endpoints of providers, and those of the caller's own app instances. */
export async function listEndpoints(
  context: RequestContext,
  args: PageArguments & { modelId?: string | undefined },
): Promise<Page<EndpointRecord>> {
  const reach = reachCondition(
    await context.reach(READ.route),
    { organization: 'organization_id', project: 'project_id' },
    2,
  );
  return pageOf(context, {
    table: 'model_endpoints',
    select: ENDPOINT,
    page: args,
    conditions: ['($1::text is null or model_id = $1)', `(organization_id is null or ${reach.condition})`],
    values: [args.modelId ?? null, ...reach.values],
  });
}

/** Routes that the caller may read: those in reach, and its organizations' own, which all of their projects may use. */
export async function listRoutes(
  context: RequestContext,
  page: PageArguments,
  args: {
    organizationId?: string | undefined;
    projectId?: string | undefined;
    state?: RouteState | undefined;
  },
): Promise<Page<RouteRecord>> {
  const holdsSomewhere = await context.authority.holdsAnywhere(context.actor, READ.route);
  const reach = reachCondition(
    await context.reach(READ.route),
    { organization: 'organization_id', department: 'department_id', project: 'project_id' },
    5,
  );
  return pageOf(context, {
    table: 'model_routes',
    select: ROUTE,
    page,
    conditions: [
      '($1::text is null or organization_id = $1)',
      '($2::text is null or project_id = $2)',
      '($3::text is null or state = $3)',
      `((project_id is null and $4::boolean) or ${reach.condition})`,
    ],
    values: [args.organizationId ?? null, args.projectId ?? null, args.state ?? null, holdsSomewhere, ...reach.values],
  });
}

export async function listPolicies(
  context: RequestContext,
  page: PageArguments,
  args: { projectId?: string | undefined },
): Promise<Page<PolicyRecord>> {
  const reach = reachCondition(
    await context.reach(READ.policy),
    { organization: 'organization_id', department: 'department_id', project: 'project_id' },
    2,
  );
  return pageOf(context, {
    table: 'model_policies',
    select: POLICY,
    page,
    conditions: ['($1::text is null or project_id = $1)', reach.condition],
    values: [args.projectId ?? null, ...reach.values],
  });
}

export async function listRequests(
  context: RequestContext,
  page: PageArguments,
  args: { projectId?: string | undefined; routeId?: string | undefined },
): Promise<Page<RequestRecord>> {
  const reach = reachCondition(
    await context.reach(READ.request),
    { organization: 'organization_id', department: 'department_id', project: 'project_id' },
    3,
  );
  return pageOf(context, {
    table: 'model_requests',
    select: REQUEST,
    page,
    conditions: ['($1::text is null or project_id = $1)', '($2::text is null or route_id = $2)', reach.condition],
    values: [args.projectId ?? null, args.routeId ?? null, ...reach.values],
  });
}

/** The scope that a row lives in. */
export function scopeOf(row: { organizationId: string; projectId: string | null }): Scope {
  return row.projectId === null
    ? { level: 'organization', id: row.organizationId, organizationId: row.organizationId }
    : { level: 'project', id: row.projectId, organizationId: row.organizationId };
}
