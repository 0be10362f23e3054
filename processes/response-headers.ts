import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpServer } from '../kernel/http/http-server.js';

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
 * is never sniffed, framed, cached or referred to, unless its route says otherwise.
 */
export function setResponseHeaders(server: HttpServer, options: ResponseHeaderOptions): void {
  const origins = new Set(options.corsOrigins.map((origin) => origin.replace(/\/$/, '')));
  server.beforeRouting(({ request, response }) => {
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    if (options.isTlsOnly) response.setHeader('strict-transport-security', `max-age=${TLS_SECONDS}`);
    return origins.size > 0 && allowOrigin(origins, request, response);
  });
}

/** Another origin than those gets an answer without leave, which its browser keeps from it. Answers a preflight. */
function allowOrigin(origins: ReadonlySet<string>, request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !origins.has(origin)) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  });
  response.end();
  return true;
}
