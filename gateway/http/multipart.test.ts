import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler } from '@apollo/client/incremental';
import fastify from 'fastify';
import { extendSchema, parse, type ExecutionResult } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { Engine, IncrementalResult } from '../engine/engine.js';
import { FederatedEngine } from '../engine/federated-engine.js';
import type { GatewayOptions } from '../gateway-options.js';
import { OperationService } from '../operation-service.js';
import { GatewayRuntime } from '../runtime.js';
import type { TestContext } from '../testing/test-gateway.js';
import { startTickingGateway, type TickingGateway } from '../testing/ticking-gateway.js';
import { TickerGraph } from '../testing/ticker-graph.js';
import { gatewayPlugin } from './fastify-plugin.js';
import { streamingAccept } from './streaming-accept.js';

const TICKS = 'subscription Ticks($after: String) { ticks(after: $after) { cursor n subject { id name } } }';
const SUBSCRIPTION_ACCEPT = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json';
const DEFER_ACCEPT = 'multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9';

function apolloClient(uri: string, authorization?: string): ApolloClient {
  return new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([new HttpLink({ uri, ...(authorization ? { headers: { authorization } } : {}) })]),
    incrementalHandler: new Defer20220824Handler(),
  });
}

async function post(url: string, accept: string, query: string, init: RequestInit = {}): Promise<Response> {
  const headers = { accept, 'content-type': 'application/json', ...(init.headers as object) };
  return fetch(url, { method: 'POST', body: JSON.stringify({ query }), ...init, headers });
}

describe('the multipart subscription protocol', () => {
  let test: TickingGateway;
  const access = new AbortController();
  beforeAll(async () => {
    test = await startTickingGateway({
      streamLimits: { heartbeatSeconds: 0.1 },
      openStream: () => ({ signal: access.signal, release: () => undefined }),
    });
  });
  afterAll(async () => test.stop());

  it('streams to Apollo Client, and ends with the reason beside the payload', async () => {
    const client = apolloClient(test.url);
    const start = test.graph.log.length;
    const seen: unknown[] = [];
    const ended = new Promise<unknown>((resolve) => {
      client.subscribe({ query: gql(TICKS), variables: { after: `t${start}` } }).subscribe({
        next: ({ data, error }) => {
          if (error) resolve(error);
          else seen.push((data as { ticks: { n: number } }).ticks.n);
          if (seen.length === 3) access.abort(new PlatformError('ACCESS_REVOKED', 'The role was revoked.'));
        },
        error: resolve,
        complete: () => resolve('complete'),
      });
    });
    for (let n = 0; n < 3; n++) test.graph.tick();
    expect(await ended).toMatchObject({
      errors: [
        { message: 'The role was revoked.', extensions: { code: 'ACCESS_REVOKED', lastCursor: `t${start + 3}` } },
      ],
    });
    expect(seen).toEqual([start + 1, start + 2, start + 3]);
  });

  it('writes each part so that it is complete when it arrives, with empty parts as heartbeats', async () => {
    const own = await startTickingGateway({ streamLimits: { heartbeatSeconds: 0.05 } });
    const leaving = new AbortController();
    const response = await post(own.url, SUBSCRIPTION_ACCEPT, TICKS, { signal: leaving.signal });
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (text.split('{}').length < 4) text += Buffer.from((await reader.read()).value ?? []).toString();
    expect(text).toMatch(
      /^(\r\n--graphql\r\ncontent-type: application\/json; charset=utf-8\r\n\r\n\{\})+\r\n--graphql/,
    );
    own.graph.tick();
    while (!text.includes('payload')) text += Buffer.from((await reader.read()).value ?? []).toString();
    expect(text).toMatch(/\r\n\r\n\{"payload":\{"data":\{"ticks":\{"cursor":"t1".*\}\}\}\}\r\n--graphql$/);
    leaving.abort();
    await expect.poll(() => own.graph.counts.open).toBe(0);
    await own.stop();
  });

  it('ends with the closing boundary', async () => {
    const own = await startTickingGateway();
    const response = await post(own.url, SUBSCRIPTION_ACCEPT, TICKS, { headers: { authorization: 'Bearer ada:1500' } });
    const text = await response.text();
    expect(text).toContain('{"payload":null,"errors":[{"message":"The token has expired."');
    expect(text.endsWith('\r\n--graphql--\r\n')).toBe(true);
    await own.stop();
  });

  it('answers what is no stream, and what is refused, as plain JSON', async () => {
    const query = await post(test.url, SUBSCRIPTION_ACCEPT, '{ clockName }');
    expect(query.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await query.json()).toEqual({ data: { clockName: 'clock' } });
    const refused = await post(test.url, SUBSCRIPTION_ACCEPT, 'subscription { nothing }');
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    const denied = await post(test.url, SUBSCRIPTION_ACCEPT, TICKS, { headers: { authorization: 'Bearer bad' } });
    expect(denied.status).toBe(401);
  });

  it('is not spoken to a client that did not ask for it', async () => {
    const refused = await post(test.url, 'multipart/mixed;subscriptionSpec=2.0, application/json', TICKS);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });
});

interface Deferring {
  readonly url: string;
  /** What the answer in parts gives later, each when it is let go. */
  readonly released: { next(): void; isClosed: boolean };
  stop(): Promise<void>;
}

/** A gateway whose engine answers every `@defer` in three parts, the later ones on demand. */
async function startDeferring(): Promise<Deferring> {
  const graph = new TickerGraph();
  const released = { next: () => undefined as void, isClosed: false };
  const later = async (): Promise<void> => new Promise((resolve) => (released.next = resolve));
  async function* subsequent(): IncrementalResult['subsequent'] {
    try {
      await later();
      yield { incremental: [{ path: [], data: { personCount: 3 }, label: 'people' }], hasNext: true };
      await later();
      const errors = [new Error('a secret of the inside') as never];
      yield { incremental: [{ path: [], data: null, errors, label: 'companies' }], hasNext: false };
    } finally {
      released.isClosed = true;
    }
  }
  const options: GatewayOptions<TestContext> = {
    supergraph: { sdl: graph.supergraph.sdl },
    transports: graph.transports(),
    authenticate: () => ({ name: 'x', permissions: new Set() }),
    holds: () => true,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
  const runtime = await GatewayRuntime.start({
    ...options,
    engineFactory: async (sdl, transports) =>
      deferring(new FederatedEngine({ supergraphSdl: sdl, transports }), subsequent),
  });
  const server = fastify({ forceCloseConnections: true });
  await server.register(gatewayPlugin(new OperationService(runtime, options), options));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return { url: `${url}/graphql`, released, stop: async () => server.close() };
}

function deferring(engine: FederatedEngine, subsequent: () => IncrementalResult['subsequent']): Engine {
  const directive = 'directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT';
  const knows = engine.apiSchema.getDirective('defer') !== undefined && engine.apiSchema.getDirective('defer') !== null;
  return {
    apiSchema: knows ? engine.apiSchema : extendSchema(engine.apiSchema, parse(directive)),
    execute: async (): Promise<ExecutionResult> => ({ data: { clockName: 'clock', personCount: 3 } }),
    executeIncrementally: async () => ({
      initial: { data: { clockName: 'clock' }, hasNext: true },
      subsequent: subsequent(),
    }),
    subscribe: async (request) => engine.subscribe(request),
  };
}

const DEFERRED = 'query Deferred { clockName ... @defer(label: "people") { personCount } }';

describe('answers in parts', () => {
  let test: Deferring;
  beforeAll(async () => {
    test = await startDeferring();
  });
  afterAll(async () => test.stop());

  it('reach Apollo Client over multipart as they come', async () => {
    const seen: unknown[] = [];
    const client = apolloClient(test.url);
    const done = new Promise<void>((resolve, reject) => {
      client.watchQuery({ query: gql(DEFERRED), errorPolicy: 'all' }).subscribe({
        next: ({ data, dataState, error }) => {
          if (data !== undefined) seen.push({ data: { ...(data as object) }, dataState });
          if (error) resolve();
          else test.released.next();
        },
        error: reject,
      });
    });
    await done;
    expect(seen.slice(0, 2)).toMatchObject([
      { data: { clockName: 'clock' }, dataState: 'streaming' },
      { data: { clockName: 'clock', personCount: 3 } },
    ]);
  });

  it('are multipart as the proposal says, without what failed inside', async () => {
    const response = await post(test.url, DEFER_ACCEPT, DEFERRED);
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="-"; deferSpec=20220824');
    const releasing = setInterval(() => test.released.next(), 5);
    const text = await response.text();
    clearInterval(releasing);
    const parts = text.split('\r\n---').slice(1, -1);
    expect(parts.map((part) => JSON.parse(part.split('\r\n\r\n')[1] ?? ''))).toEqual([
      { data: { clockName: 'clock' }, hasNext: true },
      { incremental: [{ path: [], data: { personCount: 3 }, label: 'people' }], hasNext: true },
      {
        incremental: [
          {
            path: [],
            data: null,
            label: 'companies',
            errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'INTERNAL' }) })],
          },
        ],
        hasNext: false,
      },
    ]);
    expect(text).not.toContain('secret');
    expect(text.endsWith('\r\n-----\r\n')).toBe(true);
  });

  it('are events for a client of server-sent events', async () => {
    const response = await post(test.url, 'text/event-stream', DEFERRED);
    const releasing = setInterval(() => test.released.next(), 5);
    const text = await response.text();
    clearInterval(releasing);
    const events = [...text.matchAll(/event: next\ndata: (.*)\n\n/g)].map(
      ([, data]) => JSON.parse(data ?? '') as object,
    );
    expect(events).toMatchObject([{ hasNext: true }, { hasNext: true }, { hasNext: false }]);
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
  });

  it('come at once for a client that did not say that it takes them', async () => {
    const response = await post(test.url, 'application/json', DEFERRED);
    expect(await response.json()).toEqual({ data: { clockName: 'clock', personCount: 3 } });
  });

  it('end when the client goes', async () => {
    test.released.isClosed = false;
    const leaving = new AbortController();
    const response = await post(test.url, DEFER_ACCEPT, DEFERRED, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    const releasing = setInterval(() => test.released.next(), 5);
    await expect.poll(() => test.released.isClosed).toBe(true);
    clearInterval(releasing);
  });
});

describe('the ways in which a client takes parts', () => {
  it.each([
    [undefined, undefined, undefined],
    ['*/*', undefined, undefined],
    ['application/json', undefined, undefined],
    ['text/event-stream', 'event-source', 'event-source'],
    ['TEXT/Event-Stream; q=0.5', 'event-source', 'event-source'],
    ['text/event-stream;q=0', undefined, undefined],
    [SUBSCRIPTION_ACCEPT, 'multipart', undefined],
    ['multipart/mixed; subscriptionSpec="1.0"', 'multipart', undefined],
    [DEFER_ACCEPT, undefined, 'multipart'],
    ['multipart/mixed', undefined, undefined],
    ['text/event-stream;q=0.1, multipart/mixed;deferSpec=20220824', 'event-source', 'multipart'],
  ])('are read from "%s"', (accept, stream, parts) => {
    expect(streamingAccept(accept)).toEqual({ stream, parts });
  });
});
