import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startTestGateway, type TestGateway } from '../../testing/test-gateway.js';
import { introspectionDocuments } from './introspection-documents.js';
import { sha256Of } from './trusted-documents.js';

const TRUSTED = 'query Me { me { name } }';
const STREAM = 'subscription Events { userEvents(count: 1) { cursor } }';
const TAB = '{ users { id } }';
const OTHER = '{ me { id } }';

const logged: object[] = [];
const logger = { info: () => undefined, error: () => undefined, warn: (fields: object) => void logged.push(fields) };
const gateways: TestGateway[] = [];
let off: TestGateway;
let log: TestGateway;
let enforce: TestGateway;

async function gatewayIn(mode: 'off' | 'log' | 'enforce'): Promise<TestGateway> {
  const trusted = [{ text: TRUSTED, id: 'custom-1' }, { text: STREAM }];
  const gateway = await startTestGateway({
    logger,
    documents: { mode, trusted },
    graphiql: { tabs: [{ name: 'Users', query: TAB }] },
  });
  gateways.push(gateway);
  return gateway;
}

beforeAll(async () => {
  off = await gatewayIn('off');
  log = await gatewayIn('log');
  enforce = await gatewayIn('enforce');
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.stop();
});

interface Answer {
  readonly status: number;
  readonly data?: unknown;
  readonly code?: unknown;
  readonly message?: string | undefined;
}

async function answerOf(response: Response): Promise<Answer> {
  const body = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: string } }[];
  };
  const [error] = body.errors ?? [];
  return error
    ? { status: response.status, code: error.extensions.code, message: error.message }
    : { status: response.status, data: body.data };
}

async function post(gateway: TestGateway, body: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  return answerOf(await fetch(gateway.url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function get(gateway: TestGateway, parameters: Record<string, string>, accept?: string): Promise<Response> {
  const url = `${gateway.url}?${new URLSearchParams(parameters).toString()}`;
  return fetch(url, { headers: { accept: accept ?? 'application/graphql-response+json' } });
}

const hashOf = (text: string): { persistedQuery: { version: 1; sha256Hash: string } } => ({
  persistedQuery: { version: 1, sha256Hash: sha256Of(text) },
});

describe('persisted documents', () => {
  it.each([
    ['by the hash of the text', `sha256:${sha256Of(TRUSTED)}`],
    ['by the bare hash', sha256Of(TRUSTED)],
    ['by the identifier of a manifest', 'custom-1'],
  ])('are named %s, in POST and GET', async (_, documentId) => {
    const expected = { status: 200, data: { me: { name: 'Ada' } } };
    expect(await post(enforce, { documentId })).toEqual(expected);
    expect(await answerOf(await get(enforce, { documentId }))).toEqual(expected);
  });

  it('are named by the hash of an automatic persisted query', async () => {
    expect(await post(enforce, { extensions: hashOf(TRUSTED) })).toMatchObject({ data: { me: { name: 'Ada' } } });
    const extensions = JSON.stringify(hashOf(TRUSTED));
    expect(await answerOf(await get(enforce, { extensions }))).toMatchObject({ data: { me: { name: 'Ada' } } });
  });

  it('are refused when nobody knows them', async () => {
    expect(await post(off, { documentId: 'sha256:abc' })).toEqual({
      status: 404,
      code: 'PERSISTED_QUERY_NOT_FOUND',
      message: 'PersistedQueryNotFound',
    });
  });

  it.each<[string, object]>([
    ['an identifier of another document', { documentId: 'custom-1', query: OTHER }],
    ['a hash of another document', { extensions: hashOf(TRUSTED), query: OTHER }],
    ['an identifier that is no text', { documentId: 7, query: OTHER }],
    ['an identifier that is endless', { documentId: 'x'.repeat(1_000) }],
    ['another version', { extensions: { persistedQuery: { version: 2, sha256Hash: sha256Of(OTHER) } }, query: OTHER }],
    ['a hash that is none', { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }],
    ['neither text nor name', { query: '' }],
    ['nothing', {}],
  ])('are refused with %s', async (_, body) => {
    expect(await post(off, body)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });
});

describe('trusted documents', () => {
  it('are the only ones where they are enforced', async () => {
    expect(await post(enforce, { query: TRUSTED })).toMatchObject({ data: { me: { name: 'Ada' } } });
    expect(await post(enforce, { query: OTHER })).toMatchObject({ status: 403, code: 'PERSISTED_DOCUMENT_REQUIRED' });
    const registering = { query: OTHER, extensions: hashOf(OTHER) };
    expect(await post(enforce, registering)).toMatchObject({ status: 403, code: 'PERSISTED_DOCUMENT_REQUIRED' });
    expect(await post(enforce, { extensions: hashOf(OTHER) })).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
  });

  it('include what GraphiQL asks', async () => {
    expect(await post(enforce, { query: TAB })).toMatchObject({ status: 200 });
    expect(introspectionDocuments().length).toBe(48);
    expect(await post(enforce, { query: introspectionDocuments().at(-1) })).toMatchObject({ status: 200 });
  });

  it('are enforced over WebSockets, and named there too', async () => {
    const client = createClient({ url: enforce.url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const ask = async (payload: object): Promise<unknown[]> =>
      Array.fromAsync(client.iterate(payload as { query: string }));
    await expect(ask({ query: 'subscription { userEvents { cursor } }' })).rejects.toMatchObject([
      { extensions: { code: 'PERSISTED_DOCUMENT_REQUIRED' } },
    ]);
    expect(await ask({ query: '', documentId: `sha256:${sha256Of(STREAM)}` })).toMatchObject([
      { data: { userEvents: { cursor: '1' } } },
    ]);
    expect(await ask({ query: '', extensions: hashOf(TRUSTED) })).toMatchObject([{ data: { me: { name: 'Ada' } } }]);
    await client.dispose();
  });

  it('are enforced over server-sent events, and named there too', async () => {
    const refused = await get(enforce, { query: 'subscription { userEvents { cursor } }' }, 'text/event-stream');
    expect(await refused.text()).toContain('PERSISTED_DOCUMENT_REQUIRED');
    const streamed = await get(enforce, { documentId: sha256Of(STREAM) }, 'text/event-stream');
    expect(await streamed.text()).toContain('data: {"data":{"userEvents":{"cursor":"1"}}}');
  });

  it('let others through and tell of each once where they are only logged', async () => {
    logged.length = 0;
    expect(await post(log, { query: OTHER, operationName: null })).toMatchObject({ status: 200 });
    expect(await post(log, { query: OTHER })).toMatchObject({ status: 200 });
    expect(await post(log, { query: TRUSTED })).toMatchObject({ status: 200 });
    expect(logged).toEqual([{ sha256: sha256Of(OTHER), operationName: undefined }]);
    expect(await post(off, { query: OTHER })).toMatchObject({ status: 200 });
    expect(logged.length).toBe(1);
  });

  it('are planned before they are first asked for', async () => {
    const { engine } = enforce.gateway.runtime.generation;
    await vi.waitFor(() => expect(engine.mostUsed(10).length).toBeGreaterThanOrEqual(3), 5_000);
  });

  it('are told of when the supergraph breaks them', async () => {
    logged.length = 0;
    const broken = await startTestGateway({ logger, documents: { trusted: [{ text: '{ gone }' }] } });
    const reasons = ['Cannot query field "gone" on type "Query".'];
    await vi.waitFor(() => expect(logged).toEqual([{ broken: [{ text: '{ gone }', reasons }] }]), 5_000);
    await broken.stop();
  });
});

describe('automatic persisted queries', () => {
  it('are found once they were sent with their text', async () => {
    const query = '{ me { role } }';
    const extensions = hashOf(query);
    expect(await post(off, { extensions })).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    expect(await post(off, { query, extensions })).toMatchObject({ status: 200 });
    expect(await post(off, { extensions })).toEqual({ status: 200, data: { me: { role: 'STAFF' } } });
    expect(await post(off, { documentId: `sha256:${sha256Of(query)}` })).toMatchObject({ status: 200 });
  });

  it('are not remembered when they are not valid', async () => {
    const query = '{ nothing }';
    expect(await post(off, { query, extensions: hashOf(query) })).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(await post(off, { extensions: hashOf(query) })).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
  });

  it('can be switched off', async () => {
    const without = await startTestGateway({ documents: { isAutomatic: false } });
    const body = { query: OTHER, extensions: hashOf(OTHER) };
    expect(await post(without, body)).toMatchObject({ status: 200 });
    expect(await post(without, { extensions: hashOf(OTHER) })).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    await without.stop();
  });
});
