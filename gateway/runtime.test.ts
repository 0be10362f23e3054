import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SHOP_SDL } from './testing/shop-graph.js';
import { startTestGateway, type TestGateway } from './testing/test-gateway.js';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(async () => test.stop());

const SUBGRAPHS = Object.entries(SHOP_SDL).map(([name, sdl]) => ({ name, sdl }));

async function ask(query: string): Promise<unknown> {
  const response = await fetch(test.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

describe('the swap of the supergraph', () => {
  it('refuses one that does not compose, and keeps the old one', async () => {
    const broken = SUBGRAPHS.map(({ name, sdl }) => ({
      name,
      sdl: name === 'shipping' ? sdl.replace('@key', '@nothing') : sdl,
    }));
    await expect(test.gateway.runtime.swap({ subgraphs: broken })).rejects.toThrow('do not compose');
    expect(test.logged.length).toBe(1);
    expect(await ask('{ me { name } }')).toEqual({ data: { me: { name: 'Ada' } } });
  });

  it('refuses one that names a subgraph without a transport', async () => {
    const more = [...SUBGRAPHS, { name: 'more', sdl: 'type Query { more: Int }' }];
    await expect(test.gateway.runtime.swap({ subgraphs: more })).rejects.toThrow('no transport');
  });

  it('serves the new graph to new requests while old streams go on', async () => {
    const client = createClient({ url: test.url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const stream = client.iterate({ query: 'subscription { userEvents(count: 200) { cursor user { role } } }' });
    await stream.next();
    const renamed = SUBGRAPHS.map(({ name, sdl }) => ({
      name,
      sdl: name === 'accounts' ? sdl.replace('role: Role!', 'role: Role! @inaccessible') : sdl,
    }));
    await test.gateway.runtime.swap({ subgraphs: renamed });
    expect(await ask('{ me { role } }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    const rest = await Array.fromAsync(stream as AsyncIterable<{ data?: unknown }>);
    expect(rest.at(-1)?.data).toEqual({ userEvents: { cursor: '200', user: { role: 'CUSTOMER' } } });
    await client.dispose();
  });
});

describe('shutdown', () => {
  it('ends streams with a reason, then closes sockets', async () => {
    const own = await startTestGateway();
    let closed: unknown;
    const client = createClient({
      url: own.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      // It does not close the socket by itself when its last stream has ended.
      lazy: false,
      onNonLazyError: () => undefined,
      on: { closed: (event) => (closed = (event as { code: number }).code) },
    });
    const stream = client.iterate({ query: 'subscription { userEvents(count: 2147483647) { cursor } }' });
    await stream.next();
    const stopping = own.stop();
    const rest = await Array.fromAsync(stream as AsyncIterable<unknown>);
    await stopping;
    expect(rest.at(-1)).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE', retryable: true } }] });
    expect(closed).toBe(1001);
    await client.dispose();
  });
});
