export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failuresMax: number;
  /** How long an open circuit lets nothing through. */
  readonly openSeconds: number;
}

export const CIRCUIT_BREAKER: CircuitBreakerOptions = { failuresMax: 5, openSeconds: 2 };

/** `halfOpen`: one request is on its way to find out whether the subgraph is back. */
export type CircuitState = 'closed' | 'open' | 'halfOpen';

/** Leave to send one request. Its holder tells how the request ended, by one of the three. */
export interface CircuitPermit {
  succeeded(): void;
  /** To be called for what is the subgraph's fault only. */
  failed(): void;
  /** The request ended without telling anything about the subgraph: its client went away. */
  abandoned(): void;
}

/**
 * Spares a subgraph that fails: after some failures in a row nothing is sent for a while, then one request tries whether
 * it is back. What was sent before the state last changed no longer counts: a late failure does not reopen a circuit,
 * and a late success does not close one.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #now: () => number;
  readonly #onChange: ((state: CircuitState) => void) | undefined;
  #state: CircuitState = 'closed';
  #failures = 0;
  #openUntil = 0;
  #permit: CircuitPermit;

  constructor(
    options: CircuitBreakerOptions,
    onChange?: (state: CircuitState) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#options = options;
    this.#onChange = onChange;
    this.#now = now;
    this.#permit = this.#newPermit();
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Undefined if nothing may be sent. While the circuit is half open, only the one request that tries is let through. */
  admit(): CircuitPermit | undefined {
    if (this.#state === 'closed') return this.#permit;
    if (this.#state === 'halfOpen' || this.#now() < this.#openUntil) return undefined;
    this.#become('halfOpen');
    return this.#permit;
  }

  /** One permit for all requests of a state; it is worth nothing after the state has changed. */
  #newPermit(): CircuitPermit {
    const permit: CircuitPermit = {
      succeeded: () => {
        if (this.#permit !== permit) return;
        this.#failures = 0;
        if (this.#state === 'halfOpen') this.#become('closed');
      },
      failed: () => {
        if (this.#permit !== permit) return;
        this.#failures++;
        if (this.#state === 'halfOpen' || this.#failures >= this.#options.failuresMax) this.#open();
      },
      abandoned: () => {
        // Nothing was found out: the next request tries, without another wait.
        if (this.#permit === permit && this.#state === 'halfOpen') this.#become('open');
      },
    };
    return permit;
  }

  #open(): void {
    this.#openUntil = this.#now() + this.#options.openSeconds * 1_000;
    this.#become('open');
  }

  #become(state: CircuitState): void {
    this.#state = state;
    this.#permit = this.#newPermit();
    this.#onChange?.(state);
  }
}
