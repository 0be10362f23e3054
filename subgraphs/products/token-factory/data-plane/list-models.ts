import type { FastifyRequest } from 'fastify';
import { authenticate } from './caller.js';
import type { GatewayParts } from './gateway-parts.js';
import type { ServedPolicy, ServedRoute } from './model-snapshot.js';
import { OpenAiError, unavailable } from './openai-error.js';

interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
}

/** The routes that the caller may name as `model` now. */
export async function listModels(
  parts: GatewayParts,
  request: FastifyRequest,
  correlationId: string,
): Promise<ListedModel[]> {
  const caller = await authenticate(parts.callers, request.headers, {
    correlationId,
    ip: request.ip,
    userAgent: request.headers['user-agent'],
  });
  const snapshot = parts.snapshot.current();
  if (snapshot === null) throw unavailable('The routes of models could not be read lately; try again.');
  const policies = snapshot.policiesOf(caller.place.projectId, caller.apiKeyId);
  return snapshot
    .routesOf(caller.place)
    .filter((route) => isUsable(route, caller.place.projectId, policies))
    .map((route) => ({
      id: route.name,
      object: 'model',
      created: route.createdAt,
      owned_by: route.projectId ?? route.organizationId,
    }));
}

export async function findModel(
  parts: GatewayParts,
  request: FastifyRequest,
  name: string,
  correlationId: string,
): Promise<ListedModel> {
  const found = (await listModels(parts, request, correlationId)).find((model) => model.id === name);
  if (found === undefined) {
    throw new OpenAiError(404, `The model '${name.slice(0, 128)}' does not exist or you do not have access to it.`, {
      code: 'model_not_found',
      param: 'model',
    });
  }
  return found;
}

function isUsable(route: ServedRoute, projectId: string, policies: readonly ServedPolicy[]): boolean {
  return route.targets.some(
    ({ endpoint }) =>
      (endpoint.projectId === null || endpoint.projectId === projectId) &&
      policies.every((policy) => policy.allowedModels?.has(endpoint.model.slug) ?? true),
  );
}
