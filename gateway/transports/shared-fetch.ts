import { parseAnswer } from './http-answer.js';
import type { Cancellation } from './cancellation.js';
import type { HttpAnswer } from './http-exchange.js';
import type { SubgraphResult } from './subgraph-transport.js';

/**
 * An answer on its way, and who waits for it. Each taker gets a result of its own, because it may change it; the one that
 * was parsed to see whether the answer is any good goes to the first. A taker that leaves does not disturb the others;
 * when the last one leaves, the fetch is cancelled.
 */
export class SharedFetch {
  readonly #cancellation: Cancellation;
  readonly #onClosed: () => void;
  readonly #answer: Promise<ParsedAnswer>;
  #takers = 0;

  /** `onClosed` is called when there is nothing to join any more, possibly more than once. */
  constructor(cancellation: Cancellation, answer: Promise<ParsedAnswer>, onClosed: () => void = () => undefined) {
    this.#cancellation = cancellation;
    this.#onClosed = onClosed;
    this.#answer = answer;
    const settled = (): void => {
      cancellation.release();
      onClosed();
    };
    answer.then(settled, settled);
  }

  /** A result that is the taker's alone. Rejects when the signal aborts, or the fetch fails. */
  async take(signal: AbortSignal | undefined): Promise<SubgraphResult> {
    this.#takers++;
    if (!signal) return (await this.#answer).take();
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      left.reject(signal.reason);
      this.#leave(asError(signal.reason));
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    try {
      return (await Promise.race([left.promise, this.#answer])).take();
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #leave(reason: Error): void {
    this.#takers--;
    if (this.#takers > 0) return;
    this.#onClosed();
    this.#cancellation.cancel(reason);
  }
}

/** An answer that was found to be GraphQL. */
export class ParsedAnswer {
  readonly #answer: HttpAnswer;
  #result: SubgraphResult | undefined;

  /** Throws an `AnswerFault` if it is no GraphQL. */
  constructor(answer: HttpAnswer) {
    this.#answer = answer;
    this.#result = parseAnswer(answer);
  }

  /** Each time another copy. */
  take(): SubgraphResult {
    const result = this.#result ?? parseAnswer(this.#answer);
    this.#result = undefined;
    return result;
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
