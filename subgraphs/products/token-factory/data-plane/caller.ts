import type { Actor } from '../../../../kernel/access/actor.js';
import type { Authority, Decision, Scope } from '../../../../kernel/access/authority.js';
import type { Place } from '../../../platform/billing/index.js';
import type { Credentials, Directory, RequestOrigin } from '../../../platform/iam/index.js';
import { OpenAiError } from './openai-error.js';

export const USE_PERMISSION = 'token_factory.request.create';

/** Who calls, and for which project: the one that pays. */
export interface Caller {
  readonly actor: Actor;
  readonly apiKeyId: string | null;
  readonly place: Place;
  readonly scope: Scope;
  /** Asks again, in memory; false once the key or the right is gone. For streams that outlive it. */
  readonly isStillAllowed: () => Promise<boolean>;
}

export interface CallerHeaders {
  readonly authorization?: string | undefined;
  readonly 'openai-project'?: string | string[] | undefined;
}

export interface CallerDependencies {
  readonly credentials: Credentials;
  readonly directory: Directory;
  readonly authority: Authority;
  /** Records a denial. */
  readonly auditDenial: (decision: Decision, invocation: { actor: Actor; correlationId: string }) => Promise<void>;
}

/**
 * Finds the caller from `Authorization: Bearer`: an API key (in memory), or a token of the platform or the identity
 * provider. A credential that is not bound to a project names it in `OpenAI-Project`, as the official clients do.
 */
export async function authenticate(
  deps: CallerDependencies,
  headers: CallerHeaders,
  origin: RequestOrigin,
): Promise<Caller> {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer === undefined) {
    throw new OpenAiError(401, 'Send an API key in the header "Authorization: Bearer …".', {
      type: 'authentication_error',
      code: 'invalid_api_key',
    });
  }
  const { actor, apiKeyId } = await identify(deps, bearer, origin);
  const projectId = projectOf(actor, headers);
  const project = await deps.directory.project(projectId);
  if (project === null || (actor.organizationIds !== '*' && !actor.organizationIds.includes(project.organizationId))) {
    throw new OpenAiError(404, `There is no project ${projectId}.`, {
      code: 'project_not_found',
      param: 'OpenAI-Project',
    });
  }
  if (!project.isActive)
    throw new OpenAiError(403, 'The project is archived.', { type: 'permission_error', code: 'project_archived' });
  const decision = await deps.authority.decide(actor, USE_PERMISSION, project.scope);
  if (!decision.isAllowed) {
    await deps.auditDenial(decision, { actor, correlationId: origin.correlationId });
    throw new OpenAiError(403, decision.message, { type: 'permission_error', code: 'insufficient_permissions' });
  }
  return {
    actor,
    apiKeyId,
    place: { organizationId: project.organizationId, departmentId: project.departmentId, projectId },
    scope: project.scope,
    isStillAllowed: async () => {
      if (actor.expiresAt !== undefined && actor.expiresAt * 1000 <= Date.now()) return false;
      if (apiKeyId !== null && (await deps.credentials.apiKey(bearer)) === null) return false;
      return (await deps.authority.decide(actor, USE_PERMISSION, project.scope)).isAllowed;
    },
  };
}

async function identify(
  deps: CallerDependencies,
  bearer: string,
  origin: RequestOrigin,
): Promise<{ actor: Actor; apiKeyId: string | null }> {
  // JSON web tokens have two dots; API keys have none.
  if (bearer.includes('.')) return { actor: await deps.credentials.authenticate(bearer, origin), apiKeyId: null };
  const key = await deps.credentials.apiKey(bearer);
  if (key === null) {
    throw new OpenAiError(401, 'The API key is unknown, expired or revoked.', {
      type: 'authentication_error',
      code: 'invalid_api_key',
    });
  }
  return { actor: { ...key.actor, projectId: key.projectId }, apiKeyId: key.apiKeyId };
}

function projectOf(actor: Actor, headers: CallerHeaders): string {
  const named = headers['openai-project'];
  if (actor.projectId === undefined) {
    if (typeof named === 'string' && named !== '') return named;
    throw new OpenAiError(400, 'This credential is not bound to a project: name one in the header "OpenAI-Project".', {
      param: 'OpenAI-Project',
    });
  }
  if (named !== undefined && named !== '' && named !== actor.projectId) {
    throw new OpenAiError(403, 'The credential belongs to another project.', {
      type: 'permission_error',
      code: 'project_boundary',
      param: 'OpenAI-Project',
    });
  }
  return actor.projectId;
}
