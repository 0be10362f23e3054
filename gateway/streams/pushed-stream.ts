export interface PushedStreamOptions {
  /** Items that may wait before the sender is asked to pause. */
  readonly bufferMax: number;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Called once when the reader has gone, or the stream has ended. */
  readonly close: () => void;
}

/** A stream that is written to by pushing. A reader that is slower than the sender makes it pause. */
export class PushedStream<Item> implements AsyncGenerator<Item, void, void> {
  readonly #options: PushedStreamOptions;
  readonly #buffer: Item[] = [];
  #waiting: { resolve: (result: IteratorResult<Item, void>) => void; reject: (error: unknown) => void } | undefined;
  #error: unknown;
  #isEnded = false;
  #isPaused = false;

  constructor(options: PushedStreamOptions) {
    this.#options = options;
  }

  push(item: Item): void {
    if (this.#isEnded) return;
    if (this.#waiting) {
      this.#waiting.resolve({ done: false, value: item });
      this.#waiting = undefined;
      return;
    }
    this.#buffer.push(item);
    if (this.#buffer.length < this.#options.bufferMax || this.#isPaused) return;
    this.#isPaused = true;
    this.#options.pause();
  }

  /** Ends the stream after what is buffered; with an error, the reader gets it last. */
  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    if (this.#waiting) {
      if (error === undefined) this.#waiting.resolve({ done: true, value: undefined });
      else this.#waiting.reject(this.#takeError());
      this.#waiting = undefined;
    }
    this.#options.close();
  }

  async next(): Promise<IteratorResult<Item, void>> {
    const [item] = this.#buffer.splice(0, 1);
    if (item !== undefined) {
      if (this.#isPaused && this.#buffer.length === 0) {
        this.#isPaused = false;
        this.#options.resume();
      }
      return { done: false, value: item };
    }
    if (this.#error !== undefined) throw this.#takeError();
    if (this.#isEnded) return { done: true, value: undefined };
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async return(): Promise<IteratorResult<Item, void>> {
    this.#buffer.length = 0;
    this.end();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<Item, void>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }
}
