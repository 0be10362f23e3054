import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpTransport, type SubgraphTransport } from '../index.js';
import { shopTransports } from '../testing/shop-graph.js';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

const QUERY = '{ me { name favourite { title } reviews { body score } } }';
const entities = (reviews: unknown): string => JSON.stringify({ data: { _entities: [reviews] } });

/** How the reviews subgraph answers. */
let misbehave: (response: ServerResponse) => void = () => undefined;
let reviews: Server;
let test: TestGateway;

beforeAll(async () => {
  reviews = createServer((request, response) => {
    request.resume().on('end', () => misbehave(response));
  });
  await new Promise<void>((resolve) => reviews.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(reviews.address() as AddressInfo).port}/graphql`;
  const transport = new HttpTransport({
    name: 'reviews',
    url,
    headersFor: () => ({}),
    deadlineSeconds: 0.3,
    responseBytesMax: 100_000,
    // Each way is tried: the circuit must not open before.
    circuitBreaker: { failuresMax: 1_000, openSeconds: 1 },
  });
  test = await startTestGateway({
    transports: new Map<string, SubgraphTransport>([...shopTransports(), ['reviews', transport]]),
    operationSecondsMax: 5,
  });
});
afterAll(async () => {
  await test.stop();
  reviews.closeAllConnections();
  reviews.close();
});

describe('a subgraph that misbehaves costs its own fields only', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['garbage', (response) => response.end('\u0000\u0001<html>')],
    ['nothing', (response) => response.end()],
    ['half an answer', (response) => response.end('{"data":{"_entities":[{"reviews":[')],
    ['an error of its server', (response) => response.writeHead(500).end('stack trace of the subgraph')],
    ['never', () => undefined],
    ['too late', (response) => setTimeout(() => response.end(entities({ reviews: [] })), 1_000)],
    ['a broken connection', (response) => response.socket?.destroy()],
    ['too much', (response) => response.end(entities({ reviews: [{ body: 'x'.repeat(500_000) }] }))],
    ['another type of list', (response) => response.end(entities({ reviews: 'many' }))],
    ['another type of object', (response) => response.end(entities({ reviews: [[1], 'two', { body: {} }] }))],
    ['null where there is none', (response) => response.end(entities({ reviews: [{ body: null }] }))],
    ['no list of entities', (response) => response.end('{"data":{"_entities":{"reviews":[]}}}')],
    ['too few entities', (response) => response.end('{"data":{"_entities":[]}}')],
    ['data that is text', (response) => response.end('{"data":"all of it"}')],
    ['errors that are none', (response) => response.end('{"errors":"no","data":null}')],
    ['a prototype', (response) => response.end('{"data":{"_entities":[{"__proto__":{"reviews":[]}}]}}')],
  ])('when it answers %s', async (_, how) => {
    misbehave = how;
    const response = await fetch(test.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: QUERY }),
    });
    const text = await response.text();
    const body = JSON.parse(text) as { data: { me: Record<string, unknown> }; errors?: { path: unknown[] }[] };
    expect(response.status).toBe(200);
    expect(body.data.me['name']).toBe('Ada');
    expect(body.data.me['favourite']).not.toBeNull();
    for (const error of body.errors ?? [])
      expect(error).toMatchObject({
        path: expect.arrayContaining(['me', 'reviews']),
        extensions: { code: expect.any(String), correlationId: response.headers.get('x-correlation-id') },
      });
    expect(text).not.toMatch(/stack trace|<html>/);
    expect(text.length).toBeLessThan(20_000);
  });
});
