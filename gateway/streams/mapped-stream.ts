/**
 * Maps each item of a source, in order, one at a time. Not an async generator function: its `return()` reaches the
 * source at once, also while an item is being waited for, so that a client that goes leaves nothing running.
 */
export class MappedStream<In, Out> implements AsyncGenerator<Out, void, void> {
  readonly #source: AsyncIterator<In>;
  readonly #map: (item: In) => Promise<Out>;
  #isClosed = false;

  constructor(source: AsyncIterable<In>, map: (item: In) => Promise<Out>) {
    this.#source = source[Symbol.asyncIterator]();
    this.#map = map;
  }

  async next(): Promise<IteratorResult<Out, void>> {
    if (this.#isClosed) return { done: true, value: undefined };
    try {
      const item = await this.#source.next();
      if (!item.done && !this.#isClosed) return { done: false, value: await this.#map(item.value) };
    } catch (error) {
      await this.return();
      throw error;
    }
    this.#isClosed = true;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Out, void>> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      await this.#source.return?.();
    }
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<Out, void>> {
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
