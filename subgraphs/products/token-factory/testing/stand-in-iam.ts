import { randomBytes } from 'node:crypto';
import type { Actor } from '../../../../kernel/access/actor.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { inTurn } from '../../../../kernel/testing/in-turn.js';
import type { Iam, ProjectPlace } from '../../../platform/iam/index.js';

interface Key {
  readonly actor: Actor;
  readonly apiKeyId: string;
  readonly projectId: string;
  readonly organizationId: string;
}

/** IAM as its contract says, in memory: one organization with projects that a test adds. */
export class StandInIam implements Pick<
  Iam,
  'authority' | 'directory' | 'quotas' | 'policies' | 'secrets' | 'credentials'
> {
  readonly authority: TestAuthority;
  readonly places = new Map<string, ProjectPlace>();
  readonly keys = new Map<string, Key>();
  readonly tokens = new Map<string, Actor>();
  readonly sealed = new Map<string, string>();
  readonly routesHeld = new Set<string>();
  targetsMax = 20;

  constructor(authority: TestAuthority) {
    this.authority = authority;
  }

  addProject(organizationId = newId('org')): ProjectPlace {
    const projectId = newId('prj');
    const place: ProjectPlace = {
      projectId,
      organizationId,
      departmentId: newId('dep'),
      name: 'Test',
      isActive: true,
      scope: { level: 'project', id: projectId, organizationId },
    };
    this.places.set(projectId, place);
    return place;
  }

  /** An API key of a project that may send requests. */
  addKey(place: ProjectPlace): { key: string; apiKeyId: string } {
    const key = `gpk_${randomBytes(24).toString('hex')}`;
    const apiKeyId = newId('apk');
    const actor: Actor = {
      kind: 'api_key',
      id: apiKeyId,
      displayName: 'key',
      organizationIds: [place.organizationId],
      projectId: place.projectId,
      assurance: 1,
    };
    this.authority.grant(apiKeyId, 'token_factory.request.create', place.projectId);
    this.keys.set(key, { actor, apiKeyId, projectId: place.projectId, organizationId: place.organizationId });
    return { key, apiKeyId };
  }

  readonly directory: Iam['directory'] = {
    project: async (projectId) => this.places.get(projectId) ?? null,
    organization: async (organizationId) => {
      const isKnown = [...this.places.values()].some((place) => place.organizationId === organizationId);
      const scope = { level: 'organization', id: organizationId, organizationId } as const;
      return isKnown ? { organizationId, name: 'Test', isActive: true, scope } : null;
    },
    sshPublicKeys: async () => [],
    projectOfApiKey: async (_tx, apiKeyId) =>
      [...this.keys.values()].find((key) => key.apiKeyId === apiKeyId)?.projectId ?? null,
  };

  readonly quotas: Iam['quotas'] = {
    hold: async (_tx, request) => {
      this.routesHeld.add(request.reference);
      return accept({ holdId: request.reference });
    },
    holdAll: async (tx, { amounts, ...request }) => {
      const holdIds: string[] = [];
      for (const amount of amounts) {
        const held = await this.quotas.hold(tx, { ...request, ...amount });
        if (!held.ok) return held;
        holdIds.push(held.value.holdId);
      }
      return accept({ holdIds });
    },
    holdTogether: (tx, requests) => inTurn(requests, (request) => this.quotas.holdAll(tx, request)),
    commit: async () => accept(null),
    release: async (_tx, reference) => void this.routesHeld.delete(reference),
  };

  readonly policies: Iam['policies'] = {
    value: async (_tx, _key, scope) => ({ value: this.targetsMax, isDenied: false, source: scope }),
    valuesAt: (tx, key, scopes) => inTurn(scopes, (scope) => this.policies.value(tx, key, scope)),
  };

  readonly secrets: Iam['secrets'] = {
    seal: async (_tx, secret) => {
      const secretId = newId('sec');
      this.sealed.set(secretId, secret.plaintext);
      return { secretId };
    },
    open: async (_tx, secretId) => this.sealed.get(secretId) ?? null,
    destroy: async (_tx, secretId) => void this.sealed.delete(secretId),
  };

  readonly credentials: Iam['credentials'] = {
    onRevocation: () => () => undefined,
    authenticate: async (bearer) => {
      const actor = this.tokens.get(bearer);
      if (actor === undefined) throw new PlatformError('TOKEN_INVALID', 'The token is not valid.');
      return actor;
    },
    apiKey: async (key) => this.keys.get(key) ?? null,
  };
}
