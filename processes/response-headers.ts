import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface ResponseHeaderOptions {
  /** Origins whose pages may call us, exact as a browser sends them. Credentials of the browser are never allowed. */
  readonly corsOrigins: readonly string[];
  /** Whether clients reach us over TLS only (RFC 6797). */
  readonly isTlsOnly: boolean;
}

const PREFLIGHT_SECONDS = 600;
const ALLOWED_HEADERS =
  'authorization, content-type, accept, last-event-id, traceparent, tracestate, x-correlation-id, apollo-require-preflight, x-apollo-operation-name';
const EXPOSED_HEADERS = 'x-correlation-id, retry-after';
const TLS_SECONDS = 31_536_000;

/**
 * What browsers are told with every answer: which other origins may read it (Fetch standard, CORS protocol), and that it
 * is never sniffed, framed, cached or referred to. Set on the raw response, so that event streams have it too.
 */
export function setResponseHeaders(server: FastifyInstance, options: ResponseHeaderOptions): void {
  const origins = new Set(options.corsOrigins.map((origin) => origin.replace(/\/$/, '')));
  server.addHook('onRequest', async (request, reply) => {
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    reply.raw.setHeader('referrer-policy', 'no-referrer');
    if (options.isTlsOnly) reply.raw.setHeader('strict-transport-security', `max-age=${TLS_SECONDS}`);
    if (origins.size > 0) return allowOrigin(origins, request, reply);
  });
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    if (!reply.hasHeader('content-security-policy'))
      reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  });
}

/** Another origin than those gets an answer without leave, which its browser keeps from it. */
async function allowOrigin(origins: ReadonlySet<string>, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.raw.setHeader('vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !origins.has(origin)) return;
  reply.raw.setHeader('access-control-allow-origin', origin);
  reply.raw.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
  await reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    })
    .send();
}
