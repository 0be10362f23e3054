import { LRUCache } from 'lru-cache';
import { PlatformError, isPlatformError } from '../../../kernel/errors/platform-error.js';
import type { GatewayOperation } from '../engine.js';

export interface PlanCacheOptions {
  /** Plans kept; the least recently used goes first. */
  readonly plansMax?: number;
  /** Their total size, in characters of the operations that they send. */
  readonly sizeMax?: number;
  /** Operations kept that could not be planned. */
  readonly refusalsMax?: number;
  /** How long a plan that took too long is not tried again. */
  readonly timeoutSecondsMin?: number;
}

interface Entry<Plan> {
  readonly plan: Plan;
  uses: number;
}

const DEFAULTS = { plansMax: 2_000, sizeMax: 32_000_000, refusalsMax: 500, timeoutSecondsMin: 60 };

/**
 * Plans by operation: a {@link GatewayOperation} is the same object for the same document and the same rights of the
 * caller. An operation is planned once, however many ask for it meanwhile; that it cannot be planned is remembered too.
 */
export class PlanCache<Plan> {
  readonly #options: Required<PlanCacheOptions>;
  readonly #plans: LRUCache<GatewayOperation, Entry<Plan>>;
  readonly #refusals: LRUCache<GatewayOperation, Error>;
  readonly #coming = new Map<GatewayOperation, Promise<Plan>>();
  readonly #sizeOf: (plan: Plan) => number;

  constructor(sizeOf: (plan: Plan) => number, options: PlanCacheOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#sizeOf = sizeOf;
    this.#plans = new LRUCache({ max: this.#options.plansMax, maxSize: this.#options.sizeMax });
    this.#refusals = new LRUCache({ max: this.#options.refusalsMax });
  }

  get size(): number {
    return this.#plans.size;
  }

  /** The plan, or the promise of it. Throws what `make` throws. */
  get(operation: GatewayOperation, make: () => Plan | Promise<Plan>): Plan | Promise<Plan> {
    const known = this.#plans.get(operation);
    if (known) {
      known.uses += 1;
      return known.plan;
    }
    const refusal = this.#refusals.get(operation);
    if (refusal) throw refusal;
    return this.#coming.get(operation) ?? this.#make(operation, make, 1);
  }

  /** Plans what nobody has asked for yet. */
  async prepare(operation: GatewayOperation, make: () => Promise<Plan>): Promise<void> {
    if (this.#plans.has(operation)) return;
    await (this.#coming.get(operation) ?? this.#make(operation, make, 0));
  }

  /** The operations asked for most, most first. */
  mostUsed(count: number): GatewayOperation[] {
    return [...this.#plans.entries()]
      .sort(([, left], [, right]) => right.uses - left.uses)
      .slice(0, count)
      .map(([operation]) => operation);
  }

  #make(operation: GatewayOperation, make: () => Plan | Promise<Plan>, uses: number): Plan | Promise<Plan> {
    try {
      const made = make();
      if (!(made instanceof Promise)) return this.#keep(operation, made, uses);
      const coming = made
        .then((plan) => this.#keep(operation, plan, uses))
        .catch((error: unknown) => this.#refuse(operation, error))
        .finally(() => this.#coming.delete(operation));
      this.#coming.set(operation, coming);
      return coming;
    } catch (error) {
      return this.#refuse(operation, error);
    }
  }

  #keep(operation: GatewayOperation, plan: Plan, uses: number): Plan {
    this.#plans.set(operation, { plan, uses }, { size: Math.max(1, this.#sizeOf(plan)) });
    return plan;
  }

  #refuse(operation: GatewayOperation, error: unknown): never {
    const refusal = error instanceof Error ? error : new Error(String(error));
    const code = isPlatformError(refusal) ? refusal.code : undefined;
    if (code === 'TIMEOUT') this.#refusals.set(operation, refusal, { ttl: this.#options.timeoutSecondsMin * 1_000 });
    // What is unavailable now may be planned the next time.
    else if (code !== 'UNAVAILABLE') this.#refusals.set(operation, refusal);
    throw refusal;
  }
}

/** Waits for a plan, but no longer than the request does. The plan goes on: others may want it. */
export async function withinSignal<Value>(coming: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return coming;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(reasonOf(signal));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([coming, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  if (isPlatformError(reason)) return reason;
  return new PlatformError(
    'TIMEOUT',
    'The time for the operation ran out while it was planned.',
    {},
    { cause: reason },
  );
}
