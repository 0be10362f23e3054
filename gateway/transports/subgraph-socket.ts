import { createClient, type Client } from 'graphql-ws';
import { WebSocket, type ClientOptions } from 'ws';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { PushedStream } from '../streams/pushed-stream.js';
import { toSubgraphResult } from './http-answer.js';
import { streamError } from './stream-error.js';
import type { SubgraphResult, SubgraphSubscription } from './subgraph-transport.js';

export interface SubgraphSocketOptions {
  /** Name of the subgraph, for errors. */
  readonly name: string;
  readonly url: string;
  readonly messageBytesMax: number;
  /** Events of one stream that may wait for its reader. */
  readonly bufferMax: number;
  readonly streamsMax: number;
  /** How long it stays open without streams. */
  readonly idleSeconds: number;
  /** Called when it was closed, by whichever side. */
  readonly onClosed: (socket: SubgraphSocket) => void;
}

/** Sent with the upgrade request, and as the payload of `connection_init`. */
export type SocketHeaders = Readonly<Record<string, string>>;

/** How long a reader whose buffer is full may hold up the other streams of its socket. */
const HOLD_UP_MILLISECONDS_MAX = 100;
const PING_MILLISECONDS = 15_000;
const PONG_MILLISECONDS_MAX = 10_000;

/**
 * One WebSocket to a subgraph (graphql-transport-ws), for the streams of one caller. A stream that is alone makes the
 * subgraph wait while its buffer is full; one that shares the socket may do so for a moment only, and then ends with
 * `SLOW_CONSUMER`. A stream that is lost ends with `UNAVAILABLE`; its client resumes by cursor.
 */
export class SubgraphSocket {
  readonly #options: SubgraphSocketOptions;
  readonly #client: Client;
  readonly #streams = new Set<PushedStream<SubgraphResult>>();
  /** Streams with a full buffer, and what ends their patience. While there is one, nothing is read. */
  readonly #full = new Map<PushedStream<SubgraphResult>, NodeJS.Timeout | undefined>();
  #headers: SocketHeaders = {};
  #socket: WebSocket | undefined;
  #pongTimer: NodeJS.Timeout | undefined;

  constructor(options: SubgraphSocketOptions) {
    this.#options = options;
    const socketOptions = (): ClientOptions => ({
      headers: this.#headers,
      maxPayload: options.messageBytesMax,
      handshakeTimeout: 10_000,
    });
    this.#client = createClient({
      url: options.url,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocols: string | string[]) {
          super(address, protocols, socketOptions());
        }
      },
      connectionParams: () => ({ ...this.#headers }),
      retryAttempts: 0,
      lazy: true,
      lazyCloseTimeout: options.idleSeconds * 1_000,
      keepAlive: PING_MILLISECONDS,
      on: {
        opened: (socket) => (this.#socket = socket as WebSocket),
        ping: (isReceived) => isReceived || this.#expectPong(),
        pong: () => clearTimeout(this.#pongTimer),
        closed: () => {
          clearTimeout(this.#pongTimer);
          options.onClosed(this);
        },
      },
    });
  }

  /** Whether a new stream would be served at once. */
  get hasRoom(): boolean {
    return this.#full.size === 0 && this.#streams.size < this.#options.streamsMax;
  }

  /** `headers` are used when the socket is to be opened. */
  subscribe(
    { operation, signal, variables }: SubgraphSubscription,
    headers: SocketHeaders,
  ): AsyncIterable<SubgraphResult> {
    this.#headers = headers;
    let unsubscribe: (() => void) | undefined;
    const leave = (): void => unsubscribe?.();
    const events = new PushedStream<SubgraphResult>({
      bufferMax: this.#options.bufferMax,
      pause: () => this.#hold(events),
      resume: () => this.#release(events),
      close: () => {
        signal?.removeEventListener('abort', leave);
        this.#streams.delete(events);
        this.#release(events);
        leave();
      },
    });
    this.#streams.add(events);
    unsubscribe = this.#client.subscribe(
      { query: operation.text, variables: { ...variables }, operationName: operation.operationName ?? null },
      {
        next: (result) => push(events, result),
        error: (error) => events.end(streamError(this.#options.name, error)),
        complete: () => events.end(),
      },
    );
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    return events;
  }

  async close(): Promise<void> {
    clearTimeout(this.#pongTimer);
    const { name } = this.#options;
    for (const events of this.#streams) events.end(streamError(name, undefined));
    await this.#client.dispose();
  }

  #hold(events: PushedStream<SubgraphResult>): void {
    this.#socket?.pause();
    const isAlone = this.#streams.size === 1;
    this.#full.set(events, isAlone ? undefined : setTimeout(() => this.#endSlow(events), HOLD_UP_MILLISECONDS_MAX));
  }

  #release(events: PushedStream<SubgraphResult>): void {
    clearTimeout(this.#full.get(events));
    if (this.#full.delete(events) && this.#full.size === 0) this.#socket?.resume();
  }

  #endSlow(events: PushedStream<SubgraphResult>): void {
    const { name } = this.#options;
    const message = `The stream from the subgraph "${name}" was read too slowly. Resume from the last cursor.`;
    events.end(new PlatformError('SLOW_CONSUMER', message, { service: name }));
  }

  /** A peer that does not answer any more is gone, unless it is we who do not read. */
  #expectPong(): void {
    clearTimeout(this.#pongTimer);
    this.#pongTimer = setTimeout(() => {
      if (this.#full.size === 0) this.#client.terminate();
    }, PONG_MILLISECONDS_MAX);
  }
}

function push(events: PushedStream<SubgraphResult>, result: unknown): void {
  try {
    events.push(toSubgraphResult(result));
  } catch (error) {
    events.end(error);
  }
}
