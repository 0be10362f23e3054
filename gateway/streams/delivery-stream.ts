import type { ExecutionResult } from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';

export interface DeliveryOptions {
  /** Responses that may wait for a slow client; when they do, the source is not read on. */
  readonly bufferMax: number;
  /** How long a client may leave a full buffer untouched. */
  readonly stallSecondsMax: number;
  /** Ends the stream at once; its reason is told to the client. */
  readonly signal: AbortSignal;
  /** Makes a response fit to be shown. */
  readonly mask: (result: ExecutionResult) => ExecutionResult;
  /** Makes the last response of a stream that ends with an error. */
  readonly toResult: (error: unknown) => ExecutionResult;
  /** Called once when the stream has ended, for whatever reason. */
  readonly onEnd: () => void;
  /** Called when the client has taken everything, or gone. */
  readonly onTaken?: () => void;
}

/**
 * Takes responses from a stream as they come and hands them to the client as it asks, through a bounded buffer. A client
 * that stops reading gets what is buffered and then `SLOW_CONSUMER`; when access ends, what is buffered is dropped and
 * the reason is the last thing told. Memory is bounded, and a stream never ends in silence.
 */
export class DeliveryStream implements AsyncGenerator<ExecutionResult, void, void> {
  readonly #source: AsyncGenerator<ExecutionResult, void, void>;
  readonly #options: DeliveryOptions;
  readonly #buffer: ExecutionResult[] = [];
  #waiting: ((result: IteratorResult<ExecutionResult, void>) => void) | undefined;
  #makeRoom: (() => void) | undefined;
  #isEnded = false;
  readonly #onAbort = (): void => this.#revoke();

  constructor(source: AsyncGenerator<ExecutionResult, void, void>, options: DeliveryOptions) {
    this.#source = source;
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal.aborted) this.#revoke();
    else void this.#pump();
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    const buffered = this.#buffer.shift();
    this.#makeRoom?.();
    if (buffered) return { done: false, value: buffered };
    if (!this.#isEnded) return new Promise((resolve) => (this.#waiting = resolve));
    this.#options.onTaken?.();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    this.#buffer.length = 0;
    this.#end();
    this.#options.onTaken?.();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<ExecutionResult, void>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#isEnded) {
        const item = await this.#source.next();
        if (this.#isEnded) return;
        if (item.done) return this.#end();
        this.#deliver(this.#options.mask(item.value));
        if (this.#buffer.length >= this.#options.bufferMax) await this.#room();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits until the client takes a response. */
  async #room(): Promise<void> {
    const { stallSecondsMax } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const stall = setTimeout(() => {
        reject(new PlatformError('SLOW_CONSUMER', 'The stream was read too slowly. Resume from the last cursor.'));
      }, stallSecondsMax * 1_000);
      this.#makeRoom = () => {
        clearTimeout(stall);
        this.#makeRoom = undefined;
        resolve();
      };
    });
  }

  #revoke(): void {
    this.#buffer.length = 0;
    this.#fail(this.#options.signal.reason);
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#deliver(this.#options.toResult(error));
    this.#end();
  }

  #deliver(result: ExecutionResult): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting({ done: false, value: result });
    else this.#buffer.push(result);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#makeRoom?.();
    if (this.#waiting) {
      this.#waiting({ done: true, value: undefined });
      this.#options.onTaken?.();
    }
    this.#waiting = undefined;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    // The client does not wait for the source, and the source's trouble in ending is not the client's.
    this.#source.return().catch(() => undefined);
    this.#options.onEnd();
  }
}
