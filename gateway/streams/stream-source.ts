import type { ExecutionResult } from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { DeliveryStream } from './delivery-stream.js';
import { eventLoopShare } from './event-loop-share.js';
import type { StreamShape } from './stream-shape.js';

/** How long one full buffer may hold up the other readers of the same source. */
const SHARED_PATIENCE_MILLISECONDS = 1_000;

/** Who opened a source, and hears of it. */
export interface SourceOwner {
  /** How long a client may leave a full buffer untouched. */
  readonly stallMillisecondsMax: number;
  /** Called after each event, when the position is the event's. */
  moved(source: StreamSource, from: string | undefined): void;
  /** Called once, when it has no reader or no event any more. */
  closed(source: StreamSource): void;
}

export interface SourceStart {
  readonly shape: StreamShape;
  /** Makes a response fit to be shown; once, for all who read it. */
  readonly mask: (result: ExecutionResult) => ExecutionResult;
  /** The position to begin after, if one is known; else it begins with the present. */
  readonly after?: string | undefined;
}

/**
 * One stream of the engine, read for one client or for several that asked for the same with the same rights. Each event
 * is executed and shaped once and pushed to all. It is not read on while a buffer is full; a reader whose buffer stays
 * full ends with `SLOW_CONSUMER`, soon when it holds up others.
 */
export class StreamSource {
  readonly #upstream: AsyncGenerator<ExecutionResult, void, void>;
  readonly #owner: SourceOwner;
  readonly #shape: StreamShape;
  readonly #mask: SourceStart['mask'];
  readonly #readers = new Set<DeliveryStream>();
  /** Readers that asked for the opening itself. */
  #awaitingOpening: Set<DeliveryStream> | undefined;
  #opening: ExecutionResult | undefined;
  #cursor: string | undefined;
  #isClosed = false;
  /** Asked for at once: a stream that begins with the present begins when it was accepted, not when it is first read. */
  #first: Promise<IteratorResult<ExecutionResult, void>> | undefined;
  /** Whether its first event only tells its position, and is for those who asked for it. */
  readonly #hasOpening: boolean;
  /** Whether it began with the present, or met one that did. */
  isLive: boolean;

  constructor(
    upstream: AsyncGenerator<ExecutionResult, void, void>,
    { after, mask, shape }: SourceStart,
    owner: SourceOwner,
  ) {
    this.#upstream = upstream;
    this.#owner = owner;
    this.#shape = shape;
    this.#mask = mask;
    this.#cursor = after;
    this.#hasOpening = after === undefined && shape.now !== undefined;
    this.isLive = after === undefined;
    this.#first = upstream.next();
    // Whoever reads it hears of its failure.
    this.#first.catch(() => undefined);
  }

  /** The position of the last event that all readers were given. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  start(): void {
    void this.#pump();
  }

  /** From now on the reader gets what comes. `wantsOpening`: also, first, an event that tells the position. */
  attach(reader: DeliveryStream, wantsOpening: boolean): void {
    if (reader.isEnded) return this.#closeIfLeft();
    this.#readers.add(reader);
    if (this.#cursor === undefined) {
      if (wantsOpening) (this.#awaitingOpening ??= new Set()).add(reader);
    } else if (wantsOpening && this.#opening) {
      reader.push(this.#shape.at(this.#opening, this.#cursor), this.#cursor);
    } else if (reader.cursor !== this.#cursor) {
      reader.moveTo(this.#cursor);
    }
  }

  detach(reader: DeliveryStream): void {
    this.#readers.delete(reader);
    this.#awaitingOpening?.delete(reader);
    this.#closeIfLeft();
  }

  /** Hands all readers to another source at the same position, and closes. */
  mergeInto(other: StreamSource): readonly DeliveryStream[] {
    const readers = [...this.#readers];
    for (const reader of readers) other.#readers.add(reader);
    other.isLive ||= this.isLive;
    other.#opening ??= this.#opening;
    this.#readers.clear();
    this.#close();
    return readers;
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const item = await (this.#first ?? this.#upstream.next());
        this.#first = undefined;
        if (this.#isClosed) return;
        if (item.done) return this.#finish();
        this.#fanOut(this.#mask(item.value));
        await this.#room();
        const turn = eventLoopShare.spent();
        if (turn) await turn;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fanOut(result: ExecutionResult): void {
    const from = this.#cursor;
    const cursor = this.#shape.cursorOf(result);
    this.#cursor = cursor ?? from;
    if (this.#hasOpening && from === undefined && cursor !== undefined) this.#open(result, cursor);
    else for (const reader of this.#readers) reader.push(result, cursor);
    if (cursor !== undefined) this.#owner.moved(this, from);
  }

  #open(opening: ExecutionResult, cursor: string): void {
    this.#opening = opening;
    for (const reader of this.#readers) {
      if (this.#awaitingOpening?.has(reader)) reader.push(opening, cursor);
      else reader.moveTo(cursor);
    }
    this.#awaitingOpening = undefined;
  }

  async #room(): Promise<void> {
    for (const reader of this.#readers) {
      if (!reader.isFull) continue;
      const { stallMillisecondsMax } = this.#owner;
      const patience =
        this.#readers.size > 1 ? Math.min(SHARED_PATIENCE_MILLISECONDS, stallMillisecondsMax) : stallMillisecondsMax;
      if (await reader.room(patience)) continue;
      reader.fail(new PlatformError('SLOW_CONSUMER', 'The stream was read too slowly. Resume from the last cursor.'));
    }
  }

  #finish(): void {
    const readers = [...this.#readers];
    this.#close();
    for (const reader of readers) reader.finish();
  }

  #fail(error: unknown): void {
    const readers = [...this.#readers];
    this.#close();
    for (const reader of readers) reader.fail(error);
  }

  #closeIfLeft(): void {
    if (this.#readers.size === 0) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The client does not wait for the source, and the source's trouble in ending is not the client's.
    this.#upstream.return().catch(() => undefined);
    this.#owner.closed(this);
  }
}
