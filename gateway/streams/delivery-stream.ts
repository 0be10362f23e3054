import type { ExecutionResult } from 'graphql';

/** Who opened streams, and hears of them. */
export interface DeliveryOwner {
  /** Responses that may wait for a slow client. */
  readonly bufferMax: number;
  /** Makes the last response of a stream that ends with an error. */
  toResult(error: unknown, lastCursor: string | undefined, stream: DeliveryStream): ExecutionResult;
  /** Called once when the stream has ended, for whatever reason. */
  onEnd(stream: DeliveryStream): void;
  /** Called when the client has taken everything, or gone. */
  onTaken(stream: DeliveryStream): void;
}

interface Buffered {
  readonly result: ExecutionResult;
  readonly cursor: string | undefined;
}

/**
 * The client's end of a stream: what is pushed waits in a bounded buffer until the client takes it. Whoever pushes waits
 * for room; a client that makes none gets what is buffered and then the reason. When access ends, what is buffered is
 * dropped and the reason is the last thing told. Memory is bounded, and a stream never ends in silence: its last
 * response names the position to resume from.
 */
export class DeliveryStream implements AsyncGenerator<ExecutionResult, void, void> {
  /** Told when the position is known before any event: where to resume if the connection is lost now. */
  onPosition: ((cursor: string) => void) | undefined;
  readonly #owner: DeliveryOwner;
  readonly #signal: AbortSignal | undefined;
  readonly #buffer: Buffered[] = [];
  #waiting: ((result: IteratorResult<ExecutionResult, void>) => void) | undefined;
  #makeRoom: (() => void) | undefined;
  #isEnded = false;
  #cursor: string | undefined;
  #takenCursor: string | undefined;
  #onAbort: (() => void) | undefined;

  /** The signal ends the stream at once; its reason is told to the client. */
  constructor(owner: DeliveryOwner, signal?: AbortSignal) {
    this.#owner = owner;
    this.#signal = signal;
    if (!signal) return;
    this.#onAbort = () => this.revoke(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The position of what was pushed last, whether or not the client has taken it. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** The position of what the client took last. */
  get takenCursor(): string | undefined {
    return this.#takenCursor;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isFull(): boolean {
    return !this.#isEnded && this.#buffer.length >= this.#owner.bufferMax;
  }

  /** Ends the stream if its signal was aborted before it began. */
  begin(): void {
    if (this.#signal?.aborted === true) this.revoke(this.#signal.reason);
  }

  push(result: ExecutionResult, cursor?: string): void {
    if (this.#isEnded) return;
    this.#cursor = cursor ?? this.#cursor;
    this.#deliver(result);
  }

  /** The stream stands at this position, though there is nothing to tell. */
  moveTo(cursor: string): void {
    this.#cursor = cursor;
    if (this.#buffer.length > 0 || this.#isEnded) return;
    this.#takenCursor = cursor;
    this.onPosition?.(cursor);
  }

  /** Waits until the buffer has room, or the stream has ended. False when there is none after so long. */
  async room(milliseconds: number): Promise<boolean> {
    if (!this.isFull) return true;
    return new Promise((resolve) => {
      const stall = setTimeout(() => this.#settleRoom(resolve, false), milliseconds);
      this.#makeRoom = () => {
        clearTimeout(stall);
        this.#settleRoom(resolve, true);
      };
    });
  }

  /** Ends the stream after what is buffered. */
  finish(): void {
    this.#end();
  }

  /** Ends the stream with an error after what is buffered. */
  fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#deliver(this.#owner.toResult(error, this.#cursor, this));
    this.#end();
  }

  /** Ends the stream with an error at once: what is buffered may not be told any more. */
  revoke(error: unknown): void {
    if (this.#isEnded) return;
    this.#buffer.length = 0;
    this.#deliver(this.#owner.toResult(error, this.#takenCursor, this));
    this.#end();
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    const buffered = this.#buffer.shift();
    this.#makeRoom?.();
    if (buffered) {
      this.#takenCursor = buffered.cursor;
      return { done: false, value: buffered.result };
    }
    if (!this.#isEnded) return new Promise((resolve) => (this.#waiting = resolve));
    this.#owner.onTaken(this);
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    this.#buffer.length = 0;
    this.#end();
    this.#owner.onTaken(this);
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

  #deliver(result: ExecutionResult): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) {
      this.#takenCursor = this.#cursor;
      waiting({ done: false, value: result });
    } else {
      this.#buffer.push({ result, cursor: this.#cursor });
    }
  }

  #settleRoom(resolve: (hasRoom: boolean) => void, hasRoom: boolean): void {
    this.#makeRoom = undefined;
    resolve(hasRoom);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#makeRoom?.();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) {
      waiting({ done: true, value: undefined });
      this.#owner.onTaken(this);
    }
    if (this.#onAbort) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#owner.onEnd(this);
  }
}
