import { PlatformError } from '../errors/platform-error.js';
import type { EventFeed, EventFilter, LoggedEvent } from './event-feed.js';

/** Tells a subscriber that events between two positions are gone: its cursor is older than the retention. */
export interface StreamGapNotice {
  readonly from: bigint;
  readonly to: bigint;
}

export type StreamItem =
  | { readonly kind: 'event'; readonly entry: LoggedEvent }
  | { readonly kind: 'gap'; readonly gap: StreamGapNotice }
  /** Where a stream that begins with now begins: resuming after it misses nothing, though no event came yet. */
  | { readonly kind: 'opened'; readonly position: bigint };

export interface StreamOptions {
  readonly filter: EventFilter;
  /** Continue after this position; without it the stream begins with what happens from now on, and `'now'` also tells where that is. */
  readonly after?: bigint | 'now' | undefined;
  /**
   * Called before the first event and whenever access may have changed. A throw ends the stream: before the first event
   * with that error, later with ACCESS_REVOKED when it tells of a denial.
   */
  readonly authorize: () => Promise<void>;
  /** Registers for "access may have changed". */
  readonly onAccessChange: (listener: () => void) => () => void;
  /** When the credential ends, in seconds since 1970. */
  readonly expiresAt?: number | undefined;
}

const PAGE = 256;

/**
 * Streams events from a position: first the past, then the present, without a seam. Order is the log's. Ends with
 * TOKEN_EXPIRED or whatever `authorize` throws, never in silence.
 */
export function streamEvents(feed: EventFeed, options: StreamOptions): AsyncIterableIterator<StreamItem> {
  const closing = new AbortController();
  // Now is when it is asked for, however long it takes to authorize it.
  const from = typeof options.after === 'bigint' ? options.after : feed.head;
  const items = streamItems(feed, options, { closing, from });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => items.next(),
    // A generator that waits would only hear of its end at the next event: interrupt the wait first.
    async return() {
      closing.abort();
      await items.return();
      return { value: undefined, done: true };
    },
  };
}

async function* streamItems(
  feed: EventFeed,
  options: StreamOptions,
  { closing, from }: { closing: AbortController; from: bigint },
): AsyncGenerator<StreamItem, void, undefined> {
  const access = new AccessWatch(options, closing);
  try {
    await options.authorize();
    let position = from;
    if (options.after === 'now') yield { kind: 'opened', position };
    if (position + 1n < feed.firstKept) {
      yield { kind: 'gap', gap: { from: position + 1n, to: feed.firstKept - 1n } };
      position = feed.firstKept - 1n;
    }
    while (!closing.signal.aborted) {
      if (feed.isClosed)
        throw new PlatformError('UNAVAILABLE', 'The server is stopping; reconnect with the last cursor.');
      await access.check();
      const { events, through } = await feed.readAfter(position, options.filter, PAGE);
      for (const entry of events) {
        await access.check();
        yield { kind: 'event', entry };
      }
      position = through;
      if (events.length === 0) await access.wait(feed, position);
    }
  } finally {
    access.close();
  }
}

/** Notices changes of access and the end of the credential, also while the stream is idle. */
class AccessWatch {
  readonly #options: StreamOptions;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #closing: AbortController;
  #isSuspect = false;
  #interrupt: AbortController = new AbortController();

  constructor(options: StreamOptions, closing: AbortController) {
    this.#options = options;
    this.#closing = closing;
    const suspect = (): void => {
      this.#isSuspect = true;
      this.#interrupt.abort();
    };
    this.#unsubscribe = options.onAccessChange(suspect);
    if (options.expiresAt !== undefined) {
      // Never before the end: a timer counts whole milliseconds, and nobody would look again.
      const milliseconds = Math.max(0, Math.ceil(options.expiresAt * 1000 - Date.now())) + 1;
      this.#timer = setTimeout(suspect, Math.min(milliseconds, 2_147_483_647));
      this.#timer.unref();
    }
  }

  async check(): Promise<void> {
    if (!this.#isSuspect) return;
    this.#isSuspect = false;
    this.#interrupt = new AbortController();
    const { expiresAt } = this.#options;
    if (expiresAt !== undefined && expiresAt * 1000 <= Date.now()) {
      throw new PlatformError('TOKEN_EXPIRED', 'The token has expired; reconnect with a new one and the last cursor.');
    }
    await this.#options.authorize().catch((error: unknown) => {
      throw endOfAccess(error);
    });
  }

  async wait(feed: EventFeed, position: bigint): Promise<void> {
    await feed.waitBeyond(position, AbortSignal.any([this.#interrupt.signal, this.#closing.signal]));
  }

  close(): void {
    this.#closing.abort();
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }
}

/** What was allowed and is no more: `reason` keeps what a new request would be answered. */
function endOfAccess(error: unknown): unknown {
  if (!(error instanceof PlatformError) || (error.code !== 'FORBIDDEN' && error.code !== 'NOT_FOUND')) return error;
  const { code, details, message } = error;
  return new PlatformError('ACCESS_REVOKED', `Access to this stream has ended. ${message}`, {
    ...details,
    reason: code,
  });
}
