import { systemActor } from '../../../../kernel/access/actor.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { CircuitBreaker } from '../domain/circuit-breaker.js';
import type { ProviderHealth } from '../domain/provider-health.js';
import { observeProvider } from '../usecases/observe-provider.js';
import type { ServingEndpoint } from './model-snapshot.js';

interface Watched {
  readonly breaker: CircuitBreaker;
  readonly providerAccountId: string | null;
  told: ProviderHealth;
  telling: boolean;
  firstByteMilliseconds: number | null;
}

const SMOOTHING = 0.2;

/** How each provider has done lately, in this process: whether to ask it, how fast it answers, and telling the world when that changes. */
export class ProviderMonitor {
  readonly #kernel: Kernel;
  readonly #watched = new Map<string, Watched>();
  readonly #clock: () => number;

  constructor(kernel: Kernel, clock: () => number = () => performance.now()) {
    this.#kernel = kernel;
    this.#clock = clock;
  }

  #of(endpoint: ServingEndpoint): Watched {
    let watched = this.#watched.get(endpoint.failureDomain);
    if (watched === undefined) {
      watched = {
        breaker: new CircuitBreaker(),
        providerAccountId: endpoint.providerAccountId,
        told: 'healthy',
        telling: false,
        firstByteMilliseconds: null,
      };
      this.#watched.set(endpoint.failureDomain, watched);
    }
    return watched;
  }

  /** True when the endpoint may be called now; then an outcome must follow. */
  admits(endpoint: ServingEndpoint): boolean {
    return this.#of(endpoint).breaker.admits(this.#clock());
  }

  succeeded(endpoint: ServingEndpoint, firstByteMilliseconds: number): void {
    const watched = this.#of(endpoint);
    watched.breaker.succeeded();
    const before = watched.firstByteMilliseconds ?? firstByteMilliseconds;
    watched.firstByteMilliseconds = before + SMOOTHING * (firstByteMilliseconds - before);
    this.#tell(watched, 'calls succeed');
  }

  failed(endpoint: ServingEndpoint, reason: string): void {
    const watched = this.#of(endpoint);
    watched.breaker.failed(this.#clock());
    this.#tell(watched, reason);
  }

  abandoned(endpoint: ServingEndpoint): void {
    this.#of(endpoint).breaker.abandoned();
  }

  /** Smoothed time to the first byte; null before the first success. */
  latencyOf(endpoint: ServingEndpoint): number | null {
    return this.#watched.get(endpoint.failureDomain)?.firstByteMilliseconds ?? null;
  }

  /** A provider was written down as unhealthy before this process knew it: it is told again when calls succeed. */
  assume(providerAccountId: string, health: ProviderHealth): void {
    const watched = this.#watched.get(providerAccountId);
    if (watched !== undefined) watched.told = health;
    else
      this.#watched.set(providerAccountId, {
        breaker: new CircuitBreaker(),
        providerAccountId,
        told: health,
        telling: false,
        firstByteMilliseconds: null,
      });
  }

  #tell(watched: Watched, reason: string): void {
    const health = watched.breaker.health();
    if (watched.providerAccountId === null || watched.telling || health === watched.told) return;
    watched.telling = true;
    void this.#write(watched, watched.providerAccountId, { health, reason: reason.slice(0, 500) });
  }

  /** Writes the health down; what changed meanwhile is told right after. */
  async #write(watched: Watched, id: string, observation: { health: ProviderHealth; reason: string }): Promise<void> {
    const origin = { actor: systemActor('token_factory.gateway'), correlationId: newId('cor') };
    try {
      await this.#kernel.pipeline.execute(observeProvider, { id, ...observation }, origin);
      watched.told = observation.health;
    } catch (error) {
      this.#kernel.logger.warn({ err: error, provider: id }, 'the health of a provider could not be written down');
    } finally {
      watched.telling = false;
    }
    if (watched.told === observation.health) this.#tell(watched, observation.reason);
  }
}
