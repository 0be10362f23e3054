import type { Cancellation } from './cancellation.js';
import type { SubgraphResult } from './subgraph-transport.js';

/**
 * An answer on its way, and who waits for it. Takers get the same objects, marked as shared if there are several. A taker
 * that leaves does not disturb the others; when the last one leaves, the fetch is cancelled.
 */
export class SharedFetch {
  readonly #cancellation: Cancellation;
  readonly #onClosed: () => void;
  readonly #answer: Promise<SubgraphResult>;
  #takers = 0;
  #isJoined = false;

  /** `onClosed` is called when there is nothing to join any more, possibly more than once. */
  constructor(cancellation: Cancellation, answer: Promise<SubgraphResult>, onClosed: () => void = () => undefined) {
    this.#cancellation = cancellation;
    this.#onClosed = onClosed;
    this.#answer = answer;
    const settled = (): void => {
      cancellation.release();
      onClosed();
    };
    answer.then(settled, settled);
  }

  /** Rejects when the signal aborts, or the fetch fails. */
  async take(signal: AbortSignal | undefined): Promise<SubgraphResult> {
    this.#isJoined = this.#takers > 0 || this.#isJoined;
    this.#takers++;
    if (!signal) return this.#given(await this.#answer);
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      left.reject(signal.reason);
      this.#leave(asError(signal.reason));
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    try {
      return this.#given(await Promise.race([left.promise, this.#answer]));
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #given(result: SubgraphResult): SubgraphResult {
    return this.#isJoined ? { ...result, isShared: true } : result;
  }

  #leave(reason: Error): void {
    this.#takers--;
    if (this.#takers > 0) return;
    this.#onClosed();
    this.#cancellation.cancel(reason);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
