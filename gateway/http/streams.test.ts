import { once } from 'node:events';
import { connect } from 'node:net';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

const EVENTS = 'subscription ($n: Int!) { userEvents(count: $n) { cursor user { name reviews { body helpful } } } }';

let test: TestGateway;
const access = { controller: new AbortController(), released: 0 };
beforeAll(async () => {
  test = await startTestGateway({
    openStream: () => ({ signal: access.controller.signal, release: () => void access.released++ }),
  });
});
afterAll(async () => test.stop());

function webSocketClient(authorization?: string) {
  return createClient({
    url: test.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(authorization ? { connectionParams: { authorization } } : {}),
  });
}

const EXPECTED = [
  { cursor: '1', user: { name: 'Ada', reviews: [{ body: 'good', helpful: 1 }, { body: 'long', helpful: 3 }, null] } },
  { cursor: '2', user: { name: 'Ben', reviews: [{ body: 'bad', helpful: 2 }, null] } },
];

describe('subscriptions over graphql-transport-ws', () => {
  it('follows the subject of each event into other subgraphs', async () => {
    const client = webSocketClient();
    const received: unknown[] = [];
    for await (const result of client.iterate({ query: EVENTS, variables: { n: 2 } })) received.push(result);
    expect(received).toEqual(EXPECTED.map((userEvents) => ({ data: { userEvents } })));
    await client.dispose();
  });

  it('answers queries, and refuses what is not valid with the code', async () => {
    const client = webSocketClient();
    const [result] = await Array.fromAsync(client.iterate({ query: '{ me { name } }' }));
    expect(result).toEqual({ data: { me: { name: 'Ada' } } });
    await expect(Array.fromAsync(client.iterate({ query: '{ nothing }' }))).rejects.toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', correlationId: expect.any(String) } },
    ]);
    await client.dispose();
  });

  it('give each operation of a connection a context of its own, which may be refused', async () => {
    let made = 0;
    const own = await startTestGateway({
      contextPerEvent: (context) => {
        if (++made === 2) throw new PlatformError('TOKEN_EXPIRED', 'The token has expired.');
        return context;
      },
    });
    const client = createClient({
      url: own.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy: false,
      lazyCloseTimeout: 1_000,
    });
    expect(await Array.fromAsync(client.iterate({ query: '{ me { name } }' }))).toMatchObject([
      { data: { me: { name: 'Ada' } } },
    ]);
    await expect(Array.fromAsync(client.iterate({ query: '{ me { name } }' }))).rejects.toMatchObject([
      { extensions: { code: 'TOKEN_EXPIRED' } },
    ]);
    await client.dispose();
    await own.stop();
  });

  it('survive an upgrade request with an impossible address', async () => {
    const { hostname, port } = new URL(test.url);
    const socket = connect(Number(port), hostname);
    const headers =
      'host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZQ==';
    socket.write(`GET // HTTP/1.1\r\n${headers}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toContain('404 Not Found');
  });

  it('closes the socket of a caller whose token is refused', async () => {
    const client = webSocketClient('Bearer bad');
    await expect(Array.fromAsync(client.iterate({ query: EVENTS, variables: { n: 1 } }))).rejects.toMatchObject({
      code: 4401,
      reason: 'TOKEN_INVALID: The token is not valid.',
    });
  });
});

describe('the end of access', () => {
  it('ends a stream with the reason as the last thing told', async () => {
    access.controller = new AbortController();
    const releasedBefore = access.released;
    const client = webSocketClient();
    const received: unknown[] = [];
    for await (const result of client.iterate({ query: 'subscription { userEvents(count: 2147483647) { cursor } }' })) {
      received.push(result);
      if (received.length === 3) access.controller.abort(new PlatformError('ACCESS_REVOKED', 'The role was revoked.'));
    }
    expect(received.at(-1)).toMatchObject({
      errors: [{ message: 'The role was revoked.', extensions: { code: 'ACCESS_REVOKED' } }],
    });
    expect(access.released).toBe(releasedBefore + 1);
    await client.dispose();
  });
});
