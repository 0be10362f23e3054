import { afterEach, describe, expect, it } from 'vitest';
import { request as undici } from 'undici';
import { createHttpServer, type HttpServer } from '../kernel/http/http-server.js';
import { createLogger } from '../kernel/telemetry/logger.js';
import { Metrics } from '../kernel/telemetry/metrics.js';
import { setResponseHeaders } from './response-headers.js';

const PORTAL = 'https://portal.example.com';

let server: HttpServer | undefined;
afterEach(async () => server?.close());

async function start(corsOrigins: readonly string[] = [PORTAL], isTlsOnly = false): Promise<string> {
  server = createHttpServer({ logger: createLogger({ level: 'silent' }), metrics: new Metrics(), readiness: [] });
  setResponseHeaders(server, { corsOrigins, isTlsOnly });
  server.post('/graphql', async () => ({ data: null }));
  server.get('/page', async (_request, reply) =>
    reply.header('content-security-policy', "script-src 'self'").header('cache-control', 'max-age=5').send('page'),
  );
  server.get('/stream', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.end();
  });
  return server.listen({ host: '127.0.0.1', port: 0 });
}

async function ask(url: string, request: { method?: string; headers?: Record<string, string> } = {}) {
  // Not `fetch`, which keeps what browsers decide for themselves, such as an origin.
  const { statusCode, headers, body } = await undici(url, request as object);
  return { statusCode, headers, body: await body.text() };
}

const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
});

describe('cross-origin requests', () => {
  it('are allowed to the exact origins of the configuration, without credentials of the browser', async () => {
    const { statusCode, headers, body } = await ask(`${await start()}/graphql`, preflight(PORTAL));
    expect({ statusCode, body }).toEqual({ statusCode: 204, body: '' });
    expect(headers).toMatchObject({
      'access-control-allow-origin': PORTAL,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': expect.stringContaining('authorization'),
      vary: 'Origin',
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it.each(['https://portal.example.com.evil.test', 'http://portal.example.com', 'https://example.com', 'null'])(
    'are not allowed to %s',
    async (origin) => {
      const url = `${await start()}/graphql`;
      const answer = await ask(url, preflight(origin));
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(answer.statusCode).toBe(404);
      const post = await ask(url, { method: 'POST', headers: { origin } });
      expect(post.headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  it('are allowed to nobody without configuration', async () => {
    const { headers } = await ask(`${await start([])}/graphql`, preflight(PORTAL));
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['vary']).toBeUndefined();
  });

  it('may read answers and event streams', async () => {
    const url = await start();
    for (const [method, path] of [
      ['POST', '/graphql'],
      ['GET', '/stream'],
    ] as const) {
      const { statusCode, headers } = await ask(url + path, { method, headers: { origin: PORTAL } });
      expect(statusCode).toBe(200);
      expect(headers).toMatchObject({
        'access-control-allow-origin': PORTAL,
        'access-control-expose-headers': 'x-correlation-id, retry-after',
      });
    }
  });
});

describe('every answer', () => {
  it('is neither sniffed, framed nor cached', async () => {
    const { headers } = await ask(`${await start()}/graphql`, { method: 'POST' });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('keeps what its route says', async () => {
    const { headers } = await ask(`${await start()}/page`);
    expect(headers).toMatchObject({ 'content-security-policy': "script-src 'self'", 'cache-control': 'max-age=5' });
  });

  it('asks for TLS from then on where the platform is reached over TLS', async () => {
    const { headers } = await ask(`${await start([], true)}/graphql`, { method: 'POST' });
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });
});
