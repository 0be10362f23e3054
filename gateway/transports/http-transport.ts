import { setTimeout } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { CIRCUIT_BREAKER, CircuitBreaker, type CircuitBreakerOptions } from './circuit-breaker.js';
import { readJson, toSubgraphResult } from './http-answer.js';
import type {
  SubgraphCall,
  SubgraphFetch,
  SubgraphOperation,
  SubgraphResult,
  SubgraphSubscription,
  SubgraphTransport,
} from './subgraph-transport.js';
import { subscribeOverWebSocket } from './web-socket-subscription.js';

export interface HttpTransportOptions<Context> {
  /** Name of the subgraph, for errors. */
  readonly name: string;
  readonly url: string;
  /** Headers that carry the caller (short, signed), the correlation id and the trace. */
  readonly headersFor: (
    context: Context,
  ) => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>;
  readonly connectionsMax?: number;
  /** For one fetch, all attempts together. */
  readonly deadlineSeconds?: number;
  /** Further attempts of a query whose answer did not come. Mutations are sent once. */
  readonly retriesMax?: number;
  readonly responseBytesMax?: number;
  /** Events of one subscription that may wait here before the subgraph is made to wait. */
  readonly eventsBufferMax?: number;
  readonly circuitBreaker?: Partial<CircuitBreakerOptions>;
}

const DEFAULTS = {
  connectionsMax: 64,
  deadlineSeconds: 10,
  retriesMax: 2,
  responseBytesMax: 32_000_000,
  eventsBufferMax: 64,
};
const RETRY_PAUSE_MILLISECONDS = 25;

/** Says that no GraphQL answer came: worth another attempt if it was a query. */
class NoAnswer extends Error {}

/** A subgraph behind HTTP, with keep-alive connections; its subscriptions over the graphql-transport-ws protocol. */
export class HttpTransport<Context = unknown> implements SubgraphTransport {
  readonly representationForm = 'json';
  readonly #options: HttpTransportOptions<Context> & typeof DEFAULTS;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #breaker: CircuitBreaker;

  constructor(options: HttpTransportOptions<Context>) {
    this.#options = { ...DEFAULTS, ...options };
    const url = new URL(options.url);
    this.#path = `${url.pathname}${url.search}`;
    this.#breaker = new CircuitBreaker({ ...CIRCUIT_BREAKER, ...options.circuitBreaker });
    this.#pool = new Pool(url.origin, { connections: this.#options.connectionsMax });
  }

  compile(operation: SubgraphOperation): SubgraphFetch {
    const bodyOf = bodyWriter(operation);
    const attemptsMax = operation.kind === 'query' ? this.#options.retriesMax + 1 : 1;
    return async (call) => this.#fetch(call, bodyOf(call), attemptsMax);
  }

  async #fetch(call: SubgraphCall, body: string, attemptsMax: number): Promise<SubgraphResult> {
    const { name, deadlineSeconds } = this.#options;
    const deadline = AbortSignal.timeout(deadlineSeconds * 1_000);
    const signal = call.signal ? AbortSignal.any([deadline, call.signal]) : deadline;
    for (let attempt = 1; ; attempt++) {
      if (!this.#breaker.admits()) throw unavailable(name, 'failed repeatedly and is spared for a moment');
      try {
        const result = await this.#send(call.context, body, signal);
        this.#breaker.succeeded();
        return result;
      } catch (error) {
        if (call.signal?.aborted) throw call.signal.reason;
        if (error instanceof NoAnswer || deadline.aborted) this.#breaker.failed();
        if (deadline.aborted) {
          throw new PlatformError(
            'TIMEOUT',
            `The subgraph "${name}" did not answer within ${deadlineSeconds} s.`,
            {},
            { cause: error },
          );
        }
        if (!(error instanceof NoAnswer) || attempt >= attemptsMax) throw unavailable(name, reasonOf(error), error);
      }
      await setTimeout(RETRY_PAUSE_MILLISECONDS * 2 ** attempt * Math.random());
    }
  }

  async subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult>> {
    const { name, url, headersFor, eventsBufferMax, responseBytesMax } = this.#options;
    return subscribeOverWebSocket({
      name,
      url: url.replace(/^http/, 'ws'),
      headers: await headersFor(request.context as Context),
      request,
      bufferMax: eventsBufferMax,
      messageBytesMax: responseBytesMax,
    });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #send(context: unknown, body: string, signal: AbortSignal): Promise<SubgraphResult> {
    const headers = {
      ...(await this.#options.headersFor(context as Context)),
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
    };
    const response = await this.#request({ path: this.#path, method: 'POST', headers, body, signal });
    if (response.statusCode >= 502 && response.statusCode <= 504) {
      await response.body.dump();
      throw new NoAnswer(`answered status ${response.statusCode}`);
    }
    return toSubgraphResult(await readJson(response, this.#options.responseBytesMax));
  }

  async #request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request(options);
    } catch (error) {
      throw new NoAnswer('did not answer', { cause: error });
    }
  }
}

/** The request's text around its variables is made once; representations come as text and are only joined. */
function bodyWriter({ text, operationName }: SubgraphOperation): (call: SubgraphCall) => string {
  const named = operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
  const head = `{"query":${JSON.stringify(text)}${named},"variables":{`;
  return ({ variables, representations }) => {
    const own = JSON.stringify(variables).slice(1, -1);
    if (representations === undefined) return `${head}${own}}}`;
    let body = `${head}${own}`;
    let separator = own === '' ? '' : ',';
    for (const name in representations) {
      body += `${separator}"${name}":[${(representations[name] as readonly string[]).join(',')}]`;
      separator = ',';
    }
    return `${body}}}`;
  };
}

function unavailable(name: string, reason: string, cause?: unknown): PlatformError {
  return new PlatformError('UNAVAILABLE', `The subgraph "${name}" ${reason}.`, {}, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'did not answer';
}
