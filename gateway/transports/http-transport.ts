import { Pool, type Dispatcher } from 'undici';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { AnswerFault } from './answer-fault.js';
import { Cancellation } from './cancellation.js';
import { CIRCUIT_BREAKER, CircuitBreaker, type CircuitBreakerOptions, type CircuitState } from './circuit-breaker.js';
import type { FetchSharing } from './fetch-sharing.js';
import { parseAnswer } from './http-answer.js';
import { FetchGathering } from './gathering/fetch-gathering.js';
import type { Send } from './gathering/gathering-form.js';
import { exchange } from './http-exchange.js';
import { bodyWriter } from './request-body.js';
import { SharedFetch } from './shared-fetch.js';
import { SubgraphSockets } from './subgraph-sockets.js';
import type {
  SubgraphCall,
  SubgraphFetch,
  SubgraphOperation,
  SubgraphResult,
  SubgraphSubscription,
  SubgraphTransport,
} from './subgraph-transport.js';

type Headers = Readonly<Record<string, string>>;

export interface HttpTransportOptions<Context> {
  /** Name of the subgraph, for errors. */
  readonly name: string;
  readonly url: string;
  /** Headers that carry the caller (short, signed), the correlation id and the trace. */
  readonly headersFor: (context: Context) => Promise<Headers> | Headers;
  readonly connectionsMax?: number;
  /** Fetches on their way or waiting for a connection; more are refused. */
  readonly fetchesMax?: number;
  /** For one fetch, all attempts together. */
  readonly deadlineSeconds?: number;
  /** Further attempts of a query whose answer did not come. Mutations are sent once. */
  readonly retriesMax?: number;
  readonly responseBytesMax?: number;
  /** Events of one stream that may wait for its reader. */
  readonly eventsBufferMax?: number;
  /** Streams of one caller that share a WebSocket. */
  readonly streamsPerSocketMax?: number;
  /** How long a WebSocket stays open without streams. */
  readonly idleSocketSeconds?: number;
  readonly circuitBreaker?: Partial<CircuitBreakerOptions>;
  /** Told whenever the circuit to this subgraph opens, tries, or closes. */
  readonly onCircuitChange?: (state: CircuitState) => void;
  /**
   * Lets identical queries of one caller share a fetch, those by one operation that are made at almost the same time
   * be sent as one, and its streams share a WebSocket. Headers of the first are sent, with its trace.
   */
  readonly sharing?: FetchSharing<Context>;
}

const DEFAULTS = {
  connectionsMax: 64,
  fetchesMax: 4_096,
  deadlineSeconds: 10,
  retriesMax: 2,
  responseBytesMax: 32_000_000,
  eventsBufferMax: 256,
  streamsPerSocketMax: 1_000,
  idleSocketSeconds: 10,
};
const RETRY_PAUSE_MILLISECONDS = 25;

const CONTENT_HEADERS: Headers = {
  'content-type': 'application/json',
  accept: 'application/graphql-response+json, application/json',
};

/** A subgraph behind HTTP, with keep-alive connections; its subscriptions over the graphql-transport-ws protocol. */
export class HttpTransport<Context = unknown> implements SubgraphTransport {
  readonly representationForm = 'json';
  readonly #options: HttpTransportOptions<Context> & typeof DEFAULTS;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #breaker: CircuitBreaker;
  readonly #sockets: SubgraphSockets;
  #fetchCount = 0;

  constructor(options: HttpTransportOptions<Context>) {
    this.#options = { ...DEFAULTS, ...options };
    const url = new URL(options.url);
    this.#path = `${url.pathname}${url.search}`;
    this.#breaker = new CircuitBreaker({ ...CIRCUIT_BREAKER, ...options.circuitBreaker }, options.onCircuitChange);
    // The deadline covers all that these time-outs would, and also an answer that trickles.
    this.#pool = new Pool(url.origin, {
      connections: this.#options.connectionsMax,
      connectTimeout: this.#options.deadlineSeconds * 1_000,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#sockets = new SubgraphSockets({
      name: options.name,
      url: options.url.replace(/^http/, 'ws'),
      messageBytesMax: this.#options.responseBytesMax,
      bufferMax: this.#options.eventsBufferMax,
      streamsMax: this.#options.streamsPerSocketMax,
      idleSeconds: this.#options.idleSocketSeconds,
    });
  }

  get circuitState(): CircuitState {
    return this.#breaker.state;
  }

  compile(operation: SubgraphOperation): SubgraphFetch {
    const { retriesMax, sharing } = this.#options;
    const bodyOf = bodyWriter(operation);
    if (operation.kind !== 'query') return async (call) => this.#mutate(call, bodyOf(call));
    const ask = async (call: SubgraphCall): Promise<SubgraphResult> =>
      this.#start(call, bodyOf(call), retriesMax).take(call.signal);
    if (!sharing) return ask;
    const join = this.#joined(bodyOf, sharing);
    const gathering = FetchGathering.of(operation, (one) =>
      one === operation ? join : this.#joined(bodyWriter(one), sharing),
    );
    return async (call) => {
      const caller = sharing.keyOf(call.context as Context);
      if (caller === undefined) return ask(call);
      return gathering ? gathering.fetch(caller, call) : join(call, caller);
    };
  }

  async subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult>> {
    const { headersFor, sharing } = this.#options;
    const context = request.context as Context;
    const headers = await headersFor(context);
    return this.#sockets.subscribe(sharing?.keyOf(context) ?? JSON.stringify(headers), request, headers);
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#sockets.close()]);
  }

  /** Joins the caller's identical query, if one is on its way. */
  #joined(bodyOf: (call: SubgraphCall) => string, sharing: FetchSharing<Context>): Send {
    const { name, retriesMax } = this.#options;
    return async (call, caller) => {
      const body = bodyOf(call);
      return sharing
        .join(caller, `${name} ${body}`, (onClosed) => this.#start(call, body, retriesMax, onClosed))
        .take(call.signal);
    };
  }

  async #mutate(call: SubgraphCall, body: string): Promise<SubgraphResult> {
    try {
      return await this.#start(call, body, 0).take(call.signal);
    } finally {
      const { sharing } = this.#options;
      const caller = sharing?.keyOf(call.context as Context);
      if (caller !== undefined) sharing?.closeAll(caller);
    }
  }

  #start({ context }: SubgraphCall, body: string, retriesMax: number, onClosed?: () => void): SharedFetch {
    const { name, deadlineSeconds, fetchesMax } = this.#options;
    if (this.#fetchCount >= fetchesMax) throw unavailable(name, 'has too many requests waiting for it');
    this.#fetchCount++;
    const cancellation = new Cancellation(
      deadlineSeconds,
      () => new PlatformError('TIMEOUT', `The subgraph "${name}" did not answer within ${deadlineSeconds} s.`),
    );
    return new SharedFetch(cancellation, this.#ask(context as Context, body, retriesMax, cancellation), onClosed);
  }

  async #ask(context: Context, body: string, retriesMax: number, cancellation: Cancellation): Promise<SubgraphResult> {
    const { headersFor, name } = this.#options;
    try {
      const given = headersFor(context);
      const headers = { ...(given instanceof Promise ? await given : given), ...CONTENT_HEADERS };
      const request: Dispatcher.DispatchOptions = { path: this.#path, method: 'POST', headers, body };
      return await this.#attempts(request, retriesMax, cancellation);
    } catch (error) {
      if (error instanceof AnswerFault) throw unavailable(name, error.message, error);
      throw error;
    } finally {
      this.#fetchCount--;
    }
  }

  async #attempts(
    request: Dispatcher.DispatchOptions,
    retriesMax: number,
    cancellation: Cancellation,
  ): Promise<SubgraphResult> {
    for (let attempt = 0, fault: AnswerFault | undefined; ; attempt++) {
      try {
        return await this.#attempt(request, cancellation, fault);
      } catch (error) {
        if (!(error instanceof AnswerFault) || error.kind !== 'none' || attempt >= retriesMax) throw error;
        fault = error;
      }
      const pause = retryPauseMilliseconds(attempt, fault.retryAfterSeconds);
      if (pause >= cancellation.millisecondsLeft) throw fault;
      await cancellation.pause(pause);
    }
  }

  /** One attempt, of which the circuit breaker learns what is the subgraph's fault. */
  async #attempt(
    request: Dispatcher.DispatchOptions,
    cancellation: Cancellation,
    faultBefore: AnswerFault | undefined,
  ): Promise<SubgraphResult> {
    const { name, responseBytesMax } = this.#options;
    if (cancellation.reason) throw cancellation.reason;
    const permit = this.#breaker.admit();
    if (!permit) throw faultBefore ?? unavailable(name, 'failed repeatedly and is spared for a moment');
    try {
      const answer = parseAnswer(await exchange(this.#pool, request, responseBytesMax, cancellation));
      permit.succeeded();
      return answer;
    } catch (error) {
      if (cancellation.isOverdue || (error instanceof AnswerFault && error.kind !== 'tooLarge')) permit.failed();
      else permit.abandoned();
      throw error;
    }
  }
}

/** Doubles with each attempt, at random, so that callers do not come back together; never before the subgraph asked for. */
function retryPauseMilliseconds(attempt: number, retryAfterSeconds: number | undefined): number {
  const jittered = RETRY_PAUSE_MILLISECONDS * 2 ** (attempt + 1) * Math.random();
  return retryAfterSeconds === undefined ? jittered : retryAfterSeconds * 1_000 + jittered;
}

function unavailable(name: string, reason: string, cause?: unknown): PlatformError {
  return new PlatformError('UNAVAILABLE', `The subgraph "${name}" ${reason}.`, {}, { cause });
}
