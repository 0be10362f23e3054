import { type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../kernel/http/http-server.js';
import { createLogger } from '../../kernel/telemetry/logger.js';
import { Metrics } from '../../kernel/telemetry/metrics.js';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

const BODY = JSON.stringify({ query: '{ me { id } }' });
const ANSWER = { data: { me: { id: 'u1' } } };

let test: TestGateway;
/** Lets the server close: until then it takes no more requests, but says so. */
let release = (): void => undefined;
afterEach(stop);

async function stop(): Promise<void> {
  release();
  await test.stop();
}

interface Started {
  /** How many requests the router saw. */
  readonly routed: () => number;
  /** Where the callers came from. */
  readonly ips: readonly string[];
}

async function start(trustedProxies: readonly string[] = []): Promise<Started> {
  const server: FastifyInstance = createHttpServer({
    logger: createLogger({ level: 'silent' }),
    metrics: new Metrics(),
    readiness: [],
    trustedProxies,
  });
  let routed = 0;
  server.addHook('onRequest', (_request, _reply, done) => {
    routed += 1;
    done();
  });
  const released = new Promise<void>((resolve) => (release = resolve));
  server.addHook('preClose', async () => released);
  const ips: string[] = [];
  test = await startTestGateway(
    {
      authenticate: (_credentials, { ip }) => {
        ips.push(ip);
        return { name: 'anonymous', permissions: new Set() };
      },
    },
    server,
  );
  return { routed: () => routed, ips };
}

async function post(body: string, headers: Record<string, string> = {}, search = ''): Promise<Response> {
  return fetch(`${test.url}${search}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
  });
}

function head(length: number): string {
  return `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
}

async function connected(): Promise<Socket> {
  const socket = connect(Number(new URL(test.url).port), '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  return socket;
}

describe('a plain POST', () => {
  it('is answered before the router', async () => {
    const { routed } = await start();
    const response = await post(BODY);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toEqual(ANSWER);
    expect(routed()).toBe(0);
  });

  it('is answered in UTF-8', async () => {
    await start();
    const named = await post(
      JSON.stringify({ query: 'mutation { userRename(id: "u1", name: "Zoë 🦆 – Ñ") { name } }' }),
    );
    expect(await named.text()).toBe('{"data":{"userRename":{"name":"Zoë 🦆 – Ñ"}}}');
    const latin = await post(JSON.stringify({ query: 'mutation { userRename(id: "u1", name: "Zoë") { name } }' }));
    expect(await latin.text()).toBe('{"data":{"userRename":{"name":"Zoë"}}}');
  });

  it('may come in pieces, and several may follow each other on a connection', async () => {
    const { routed } = await start();
    const socket = await connected();
    const text = `${head(BODY.length)}${BODY}`;
    for (const piece of [text.slice(0, 30), text.slice(30, -9), text.slice(-9), text + text]) {
      socket.write(piece);
      await setTimeout(20);
    }
    let received = '';
    socket.on('data', (chunk: string) => (received += chunk));
    await expect.poll(() => received.split(JSON.stringify(ANSWER)).length - 1).toBe(3);
    expect(routed()).toBe(0);
    socket.destroy();
  });

  it('whose client goes before its end is nothing', async () => {
    await start();
    const socket = await connected();
    socket.write(head(BODY.length) + BODY.slice(0, 5));
    await setTimeout(50);
    socket.destroy();
    expect(await (await post(BODY)).json()).toEqual(ANSWER);
    expect(test.logged).toEqual([]);
  });

  it('comes from where trusted proxies say', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
    const { ips: distrusting } = await start();
    await post(BODY, forwarded);
    expect(distrusting).toEqual(['127.0.0.1']);
    await stop();
    const { ips, routed } = await start(['127.0.0.1']);
    await post(BODY, forwarded);
    await post(BODY, forwarded, '?');
    expect(ips).toEqual(['198.51.100.7', '198.51.100.7']);
    expect(routed()).toBe(1);
  });

  it('is refused once the server closes', async () => {
    await start();
    const socket = await connected();
    let received = '';
    socket.on('data', (chunk: string) => (received += chunk));
    const closing = test.server.close();
    socket.write(`${head(BODY.length)}${BODY}`);
    await expect.poll(() => received).toContain('503 Service Unavailable');
    release();
    await closing;
  });
});

describe('a request that is not plain is left to the router:', () => {
  it.each<[string, Record<string, string>, string, string]>([
    ['one with a query in its address', {}, '?x=1', BODY],
    ['one for an event stream', { accept: 'text/event-stream' }, '', BODY],
    ['one of another content type', { 'content-type': 'application/json; charset=latin1' }, '', BODY],
    ['one that is compressed', { 'content-encoding': 'gzip' }, '', BODY],
    ['a large one', {}, '', JSON.stringify({ query: '{ me { id } }', variables: { a: 'x'.repeat(10_000) } })],
  ])('%s', async (_name, headers, search, body) => {
    const { routed } = await start();
    await post(body, headers, search);
    expect(routed()).toBe(1);
  });

  it('one whose length is not said before', async () => {
    const { routed } = await start();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(BODY));
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(test.url, { method: 'POST', body, headers, duplex: 'half' });
    expect(await response.json()).toEqual(ANSWER);
    expect(routed()).toBe(1);
  });
});
