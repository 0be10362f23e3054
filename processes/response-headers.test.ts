import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { setResponseHeaders } from './response-headers.js';

const PORTAL = 'https://portal.example.com';

function server(corsOrigins: readonly string[] = [PORTAL], isTlsOnly = false) {
  const fastify = Fastify();
  setResponseHeaders(fastify, { corsOrigins, isTlsOnly });
  fastify.post('/graphql', async () => ({ data: null }));
  fastify.get('/page', async (_request, reply) =>
    reply.header('content-security-policy', "script-src 'self'").header('cache-control', 'max-age=5').send('page'),
  );
  fastify.get('/stream', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.end();
  });
  return fastify;
}

const preflight = (origin: string) => ({
  method: 'OPTIONS' as const,
  url: '/graphql',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
});

describe('cross-origin requests', () => {
  it('are allowed to the exact origins of the configuration, without credentials of the browser', async () => {
    const { statusCode, headers, body } = await server().inject(preflight(PORTAL));
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
      const answer = await server().inject(preflight(origin));
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(answer.statusCode).toBe(404);
      const post = await server().inject({ method: 'POST', url: '/graphql', headers: { origin } });
      expect(post.headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  it('are allowed to nobody without configuration', async () => {
    const { headers } = await server([]).inject(preflight(PORTAL));
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['vary']).toBeUndefined();
  });

  it('may read answers and event streams', async () => {
    for (const request of [{ method: 'POST', url: '/graphql' } as const, { method: 'GET', url: '/stream' } as const]) {
      const { statusCode, headers } = await server().inject({ ...request, headers: { origin: PORTAL } });
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
    const { headers } = await server().inject({ method: 'POST', url: '/graphql' });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('keeps what its route says', async () => {
    const { headers } = await server().inject({ method: 'GET', url: '/page' });
    expect(headers).toMatchObject({ 'content-security-policy': "script-src 'self'", 'cache-control': 'max-age=5' });
  });

  it('asks for TLS from then on where the platform is reached over TLS', async () => {
    const { headers } = await server([], true).inject({ method: 'POST', url: '/graphql' });
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });
});
