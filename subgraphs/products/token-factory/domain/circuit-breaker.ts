import type { ProviderHealth } from './provider-health.js';

const REMEMBERED = 20;
const JUDGED_FROM = 5;
const FAILURES_IN_A_ROW = 5;
const OPEN_MILLISECONDS = 5000;

/**
 * Whether a provider is asked at all. Opens after five failures in a row, or when half of the last twenty calls failed;
 * after five seconds one call tries it, and its outcome decides. The clock is the caller's.
 */
export class CircuitBreaker {
  readonly #outcomes: boolean[] = [];
  #failuresInARow = 0;
  #openedAt: number | null = null;
  #isTrying = false;

  /** True when a call may go out now. Asking for the trial call takes it: report its outcome. */
  admits(now: number): boolean {
    if (this.#openedAt === null) return true;
    if (this.#isTrying || now - this.#openedAt < OPEN_MILLISECONDS) return false;
    this.#isTrying = true;
    return true;
  }

  /** True when a call would be admitted; takes nothing. */
  isOpen(now: number): boolean {
    return this.#openedAt !== null && (this.#isTrying || now - this.#openedAt < OPEN_MILLISECONDS);
  }

  succeeded(): void {
    if (this.#openedAt !== null) this.#outcomes.length = 0;
    this.#openedAt = null;
    this.#isTrying = false;
    this.#failuresInARow = 0;
    this.#remember(true);
  }

  failed(now: number): void {
    this.#failuresInARow += 1;
    this.#remember(false);
    const isTrial = this.#isTrying;
    this.#isTrying = false;
    if (isTrial || this.#failuresInARow >= FAILURES_IN_A_ROW || this.#failureRate() >= 0.5) this.#openedAt = now;
  }

  /** A call that ended without telling anything about the provider (the client left): gives a trial back. */
  abandoned(): void {
    this.#isTrying = false;
  }

  health(): ProviderHealth {
    if (this.#openedAt !== null) return 'down';
    return this.#failureRate() >= 0.2 ? 'degraded' : 'healthy';
  }

  #failureRate(): number {
    if (this.#outcomes.length < JUDGED_FROM) return 0;
    return this.#outcomes.filter((isSuccess) => !isSuccess).length / this.#outcomes.length;
  }

  #remember(isSuccess: boolean): void {
    this.#outcomes.push(isSuccess);
    if (this.#outcomes.length > REMEMBERED) this.#outcomes.shift();
  }
}
