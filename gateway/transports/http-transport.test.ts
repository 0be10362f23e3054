import { createServer, type RequestListener, type Server } from 'node:http';
import { parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { shopSchemas } from '../testing/shop-graph.js';
import { startSubgraphServer, type SubgraphServer } from '../testing/subgraph-server.js';
import { startTestGateway, type TestContext, type TestGateway } from '../testing/test-gateway.js';
import { HttpTransport } from './http-transport.js';
import type { SubgraphOperation, SubgraphResult } from './subgraph-transport.js';

let subgraphs: Map<string, SubgraphServer>;
let overHttp: TestGateway;
let inProcess: TestGateway;
beforeAll(async () => {
  const schemas = [...shopSchemas()];
  const servers = await Promise.all(
    schemas.map(async ([name, schema]) => [name, await startSubgraphServer(schema)] as const),
  );
  subgraphs = new Map(servers);
  const headersFor = ({ name }: TestContext): Record<string, string> => ({ 'x-actor': name });
  const transports = new Map(
    servers.map(([name, { url }]) => [name, new HttpTransport<TestContext>({ name, url, headersFor })]),
  );
  overHttp = await startTestGateway({ transports });
  inProcess = await startTestGateway();
});
afterAll(async () => {
  await overHttp.stop();
  await inProcess.stop();
  await Promise.all([...subgraphs.values()].map(async (subgraph) => subgraph.stop()));
});

async function ask(test: TestGateway, query: string): Promise<unknown> {
  const response = await fetch(test.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-correlation-id': 'same-for-both' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

describe('subgraphs over HTTP', () => {
  it.each([
    '{ me { name reviews { body product { title ... on Book { shippingCost } } helpful } } }',
    '{ grid { id averageScore } search { __typename ... on User { name settings { theme language } } } }',
    'mutation { userRename(id: "u1", name: "Eve") { name } reviewAdd(product: "p1", body: "x") { author { role } } }',
    '{ user(id: "u9") { id } review(id: "r4") { author { name } product { title } } }',
  ])('answer %s as they do in process', async (query) => {
    expect(await ask(overHttp, query)).toEqual(await ask(inProcess, query));
  });

  it('get the headers that carry the caller', async () => {
    const { received = [] } = subgraphs.get('accounts') ?? {};
    received.length = 0;
    await ask(overHttp, '{ me { id } }');
    expect(received.map((headers) => headers['x-actor'])).toEqual(['anonymous']);
  });

  it('stream events, and notice when the client goes', async () => {
    const accounts = subgraphs.get('accounts');
    const client = createClient({
      url: overHttp.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const query = 'subscription { userEvents(count: 100000) { cursor user { name reviews { body } } } }';
    const stream = client.iterate({ query });
    expect((await stream.next()).value).toMatchObject({
      data: { userEvents: { cursor: '1', user: { reviews: [{ body: 'good' }, {}, null] } } },
    });
    expect(accounts?.socketCount()).toBe(1);
    expect(accounts?.received.at(-1)?.['x-actor']).toBe('anonymous');
    await stream.return?.();
    await expect.poll(() => accounts?.socketCount()).toBe(0);
    await client.dispose();
  });

  it('end a stream with a reason when they go away', async () => {
    const schema = shopSchemas().get('accounts');
    if (!schema) throw new Error('no schema');
    const own = await startSubgraphServer(schema);
    const transport = new HttpTransport({ name: 'accounts', url: own.url, headersFor: () => ({}) });
    const events = await transport.subscribe({
      operation: operation('subscription { userEvents(count: 1000000) { cursor } }'),
      variables: {},
      context: {},
      eventContext: () => ({}),
    });
    const iterator = events[Symbol.asyncIterator]();
    await iterator.next();
    const stopping = own.stop();
    await expect(Array.fromAsync({ [Symbol.asyncIterator]: () => iterator })).rejects.toMatchObject({
      extensions: { code: 'UNAVAILABLE' },
    });
    await stopping;
    await transport.close();
  });
});

function operation(text: string): SubgraphOperation {
  const kind = text.startsWith('mutation') ? 'mutation' : 'query';
  return { kind, text, document: parse(text), operationName: undefined };
}

async function fetchOnce(transport: HttpTransport, text: string): Promise<SubgraphResult> {
  return transport.compile(operation(text))({ variables: {}, context: {} });
}

describe('a subgraph that misbehaves', () => {
  let server: Server | undefined;
  let attempts = 0;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    attempts = 0;
  });

  async function transportTo(
    answer: RequestListener,
    options: Partial<ConstructorParameters<typeof HttpTransport>[0]> = {},
  ): Promise<HttpTransport> {
    server = createServer((incoming, outgoing) => {
      attempts++;
      answer(incoming, outgoing);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return new HttpTransport({
      name: 'odd',
      url: `http://127.0.0.1:${port}/graphql`,
      headersFor: () => ({}),
      deadlineSeconds: 0.5,
      ...options,
    });
  }

  it.each<[string, RequestListener, string, RegExp]>([
    ['garbage', (_, response) => void response.end('<html>'), 'UNAVAILABLE', /answered no JSON \(status 200\)/],
    ['no GraphQL', (_, response) => void response.end('{"data":1,"errors":[7]}'), 'UNAVAILABLE', /answered no GraphQL/],
    [
      'too much',
      (_, response) => void response.end(`{"data":"${'x'.repeat(5_000)}"}`),
      'UNAVAILABLE',
      /more than 2000 bytes/,
    ],
    ['never', () => undefined, 'TIMEOUT', /within 0.5 s/],
    ['too slowly', (_, response) => void response.write('{"data":'), 'TIMEOUT', /within 0.5 s/],
  ])('and answers %s is reported as such', async (_, answer, code, message) => {
    const transport = await transportTo(answer, { responseBytesMax: 2_000 });
    await expect(fetchOnce(transport, '{ a }')).rejects.toMatchObject({
      message: expect.stringMatching(message),
      extensions: { code },
    });
    await transport.close();
  });

  it('gets a query again, and a mutation once', async () => {
    const transport = await transportTo((incoming) => void incoming.socket.destroy());
    await expect(fetchOnce(transport, '{ a }')).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect(attempts).toBe(3);
    await expect(fetchOnce(transport, 'mutation { a }')).rejects.toMatchObject({
      extensions: { code: 'UNAVAILABLE' },
    });
    expect(attempts).toBe(4);
    await transport.close();
  });

  it('is tried again and helps out after a status 503', async () => {
    const transport = await transportTo((_, response) => {
      response.statusCode = attempts === 1 ? 503 : 200;
      response.end('{"data":{"a":1}}');
    });
    expect(await fetchOnce(transport, '{ a }')).toEqual({ data: { a: 1 } });
    await transport.close();
  });

  it('is spared after some failures in a row', async () => {
    const transport = await transportTo((incoming) => void incoming.socket.destroy(), {
      retriesMax: 0,
      circuitBreaker: { failuresMax: 2, openSeconds: 60 },
    });
    for (let i = 0; i < 4; i++) await fetchOnce(transport, '{ a }').catch(() => undefined);
    expect(attempts).toBe(2);
    await transport.close();
  });
});
