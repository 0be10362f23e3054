export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failuresMax: number;
  readonly openSeconds: number;
}

export const CIRCUIT_BREAKER: CircuitBreakerOptions = { failuresMax: 5, openSeconds: 2 };

/**
 * Spares a subgraph that fails: after some failures in a row nothing is sent for a while, then one request tries
 * whether it is back.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #now: () => number;
  #failures = 0;
  #openUntil = 0;

  constructor(options: CircuitBreakerOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** Whether a request may be sent. While the circuit is half open, only the first asker gets yes. */
  admits(): boolean {
    if (this.#failures < this.#options.failuresMax) return true;
    if (this.#now() < this.#openUntil) return false;
    this.#openUntil = this.#now() + this.#options.openSeconds * 1_000;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    if (this.#failures === this.#options.failuresMax) this.#openUntil = this.#now() + this.#options.openSeconds * 1_000;
  }
}
