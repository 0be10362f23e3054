import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { toMoney } from '../../../../kernel/graphql/shared-types.js';
import {
  READ,
  type RequestRecord,
  endpointLoader,
  modelLoader,
  policyLoader,
  providerLoader,
  requestLoader,
  routeLoader,
  scopeOf,
} from '../store/token-factory-queries.js';
import type { Model, ModelEndpoint, ProviderAccount } from './model-types.js';
import { type ModelPolicy, type ModelRequest, type ModelRoute, toModelRoute } from './route-types.js';

interface Reference {
  readonly [key: string]: unknown;
}

/** Entities by their key, for a caller: null when there is none, or the caller may not see it. */
export async function resolveModel(reference: Reference, context: RequestContext): Promise<Model | null> {
  return context.load(modelLoader, String(reference['id']));
}

export async function resolveProvider(reference: Reference, context: RequestContext): Promise<ProviderAccount | null> {
  if (!(await context.can(READ.provider, PLATFORM_SCOPE))) return null;
  return context.load(providerLoader, String(reference['id']));
}

export async function resolveEndpoint(reference: Reference, context: RequestContext): Promise<ModelEndpoint | null> {
  const row = await context.load(endpointLoader, String(reference['id']));
  if (row === null || row.organizationId === null) return row;
  return (await context.can(READ.route, scopeOf({ organizationId: row.organizationId, projectId: row.projectId })))
    ? row
    : null;
}

/** A route of an organization is seen by all who may read routes in one of its projects. */
export async function resolveRoute(reference: Reference, context: RequestContext): Promise<ModelRoute | null> {
  const row = await context.load(routeLoader, String(reference['id']));
  if (row === null) return null;
  const isVisible =
    (await context.can(READ.route, scopeOf(row))) ||
    (row.projectId === null && (await context.authority.holdsAnywhere(context.actor, READ.route)));
  return isVisible ? toModelRoute(row) : null;
}

export async function resolvePolicy(reference: Reference, context: RequestContext): Promise<ModelPolicy | null> {
  const row = await context.load(policyLoader, String(reference['id']));
  return row !== null && (await context.can(READ.policy, scopeOf(row))) ? row : null;
}

export async function resolveRequest(reference: Reference, context: RequestContext): Promise<ModelRequest | null> {
  const row = await context.load(requestLoader, String(reference['id']));
  return row !== null && (await context.can(READ.request, scopeOf(row))) ? toModelRequest(row) : null;
}

export function toModelRequest(row: RequestRecord): ModelRequest {
  const shown: unknown = { ...row, cost: toMoney(row.costNanos, row.currency) };
  return shown as ModelRequest;
}
