import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { shopSchemas, shopTransports } from '../testing/shop-graph.js';
import { startSubgraphServer, type SubgraphServer } from '../testing/subgraph-server.js';
import { startTestGateway, type TestContext, type TestGateway } from '../testing/test-gateway.js';
import { HttpTransport } from './http-transport.js';
import type { SubgraphTransport } from './subgraph-transport.js';
import type { RequestListener } from 'node:http';
import { startOddServer } from '../testing/odd-server.js';
import { operationOf } from '../testing/operation-of.js';

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
    servers.map(([name, { url }]) => [
      name,
      new HttpTransport<TestContext>({ name, url, headersFor, idleSocketSeconds: 0.05 }),
    ]),
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

  it.each<[string, RequestListener]>([
    ['answers garbage', (_, response) => void response.end('<html>')],
    ['lies about its types', (_, response) => void response.end('{"data":{"_entities":"all","me":[1],"users":{}}}')],
    ['breaks off', ({ socket }) => void socket.destroy()],
    ['never answers', () => undefined],
  ])('cost their own fields only when one %s', async (_, answer) => {
    const odd = await startOddServer(answer);
    const transports = new Map<string, SubgraphTransport>(shopTransports());
    const options = { name: 'reviews', url: odd.url, headersFor: () => ({}), deadlineSeconds: 0.3 };
    transports.set('reviews', new HttpTransport(options));
    const test = await startTestGateway({ transports });
    expect(await ask(test, '{ me { name reviews { body } } products { id averageScore } }')).toMatchObject({
      data: { me: { name: 'Ada', reviews: null }, products: [{ id: 'p1', averageScore: null }, {}, {}, {}] },
      errors: expect.arrayContaining([expect.objectContaining({ path: ['me', 'reviews'] })]),
    });
    await test.stop();
    odd.stop();
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
      operation: operationOf('subscription { userEvents(count: 1000000) { cursor } }'),
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
