import type { DeferredPatch, SubsequentResult } from '../engine.js';

/**
 * The later parts of an answer, as they come; parts that are there together go together. Not an async generator function:
 * its `return()` stops the work at once, also while a part is being waited for.
 */
export class PatchStream implements AsyncGenerator<SubsequentResult, void, void> {
  readonly #stop: () => void;
  readonly #ready: DeferredPatch[] = [];
  #outstanding = 0;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(stop: () => void) {
    this.#stop = stop;
  }

  /** Whether the last part was taken, or no one waits for any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Announces one more {@link deliver}. Parts that follow another are announced before that is delivered. */
  expect(): void {
    this.#outstanding++;
  }

  deliver(patches: readonly DeferredPatch[]): void {
    this.#outstanding--;
    this.#ready.push(...patches);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<SubsequentResult, void>> {
    while (!this.#isClosed && this.#ready.length === 0 && this.#outstanding > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    if (this.#isClosed) return { done: true, value: undefined };
    const incremental = this.#ready.splice(0);
    const hasNext = this.#outstanding > 0;
    this.#isClosed = !hasNext;
    return { done: false, value: incremental.length === 0 ? { hasNext } : { incremental, hasNext } };
  }

  async return(): Promise<IteratorResult<SubsequentResult, void>> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#stop();
      this.#wake?.();
    }
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<SubsequentResult, void>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
