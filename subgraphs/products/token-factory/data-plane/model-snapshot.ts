import type { Tokenizer } from '../domain/tokenizer.js';
import type { Modality, ProviderKind } from '../store/token-factory-entities.js';

export interface ServedModel {
  readonly id: string;
  readonly slug: string;
  readonly modality: Modality;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
  readonly tokenizer: Tokenizer;
}

/** One place that serves a model, ready to be called. Holds the opened key: never logged, never serialized. */
export interface ServingEndpoint {
  readonly id: string;
  readonly kind: ProviderKind;
  readonly providerAccountId: string | null;
  /** What fails together: the provider account, or the app instance's own endpoint. */
  readonly failureDomain: string;
  /** Set when only this project may use it. */
  readonly projectId: string | null;
  readonly isAppInstance: boolean;
  readonly baseUrl: string | null;
  readonly secret: string | null;
  readonly upstreamModel: string;
  readonly model: ServedModel;
}

export interface ServedTarget {
  readonly endpoint: ServingEndpoint;
  readonly tier: number;
  readonly weight: number;
}

export interface ServedRoute {
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly projectId: string | null;
  readonly createdAt: number;
  readonly targets: readonly ServedTarget[];
}

export interface ServedPolicy {
  readonly id: string;
  readonly allowedModels: ReadonlySet<string> | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly maxInputTokens: number | null;
  readonly maxOutputTokens: number | null;
}

/** Everything that a request needs to know about models, at one revision. Immutable; replaced as a whole. */
export class ModelSnapshot {
  readonly revision: bigint;
  readonly #routes: ReadonlyMap<string, ServedRoute>;
  readonly #policies: ReadonlyMap<string, ServedPolicy>;

  constructor(revision: bigint, routes: readonly ServedRoute[], policies: ReadonlyMap<string, ServedPolicy>) {
    this.revision = revision;
    this.#routes = new Map(
      routes.map((route) => [routeKey(route.projectId ?? route.organizationId, route.name), route]),
    );
    this.#policies = policies;
  }

  /** The active route that a project means by a name: its own, else its organization's. */
  route(place: { projectId: string; organizationId: string }, name: string): ServedRoute | null {
    return (
      this.#routes.get(routeKey(place.projectId, name)) ??
      this.#routes.get(routeKey(place.organizationId, name)) ??
      null
    );
  }

  /** All active routes of a project, its organization's included, by name. */
  routesOf(place: { projectId: string; organizationId: string }): ServedRoute[] {
    const byName = new Map<string, ServedRoute>();
    for (const route of this.#routes.values()) {
      if (route.organizationId !== place.organizationId) continue;
      if (route.projectId === place.projectId || (route.projectId === null && !byName.has(route.name)))
        byName.set(route.name, route);
    }
    return [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The policies that bind a caller: its project's and its API key's. */
  policiesOf(projectId: string, apiKeyId: string | null): ServedPolicy[] {
    const keys =
      apiKeyId === null ? [policyKey(projectId, null)] : [policyKey(projectId, null), policyKey(projectId, apiKeyId)];
    return keys.flatMap((key) => this.#policies.get(key) ?? []);
  }
}

function routeKey(owner: string, name: string): string {
  return `${owner}\n${name}`;
}

export function policyKey(projectId: string, apiKeyId: string | null): string {
  return `${projectId}\n${apiKeyId ?? ''}`;
}
