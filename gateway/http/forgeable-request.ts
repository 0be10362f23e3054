import type { Request } from 'graphql-http';

/** Headers that no page can have a browser send to another origin without a preflight (Fetch standard, CORS protocol). */
const FORCES_PREFLIGHT = [
  'authorization',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'x-correlation-id',
  'traceparent',
];
/** Content types of forms: a browser sends them unasked. */
const SIMPLE_CONTENT_TYPE = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;
const BROWSER = /^Mozilla\//;

/**
 * Throws for a GET by which a page of another origin could use its reader's browser: to reach where only the browser
 * can, or to load us. A POST is safe: it must be `application/json`, which needs a preflight. Browsers tell by Fetch
 * Metadata where a request comes from; one that does not tell must force a preflight. Other clients are not concerned.
 */
export function refuseForgeable(request: Request<unknown, unknown>): void {
  if (FORCES_PREFLIGHT.some((name) => headerOf(request, name) !== undefined)) return;
  const contentType = headerOf(request, 'content-type');
  if (contentType !== undefined && !SIMPLE_CONTENT_TYPE.test(contentType)) return;
  const site = headerOf(request, 'sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return;
  const isFromElsewhere = site !== undefined || !isSameOrigin(request);
  if (!isFromElsewhere && !BROWSER.test(headerOf(request, 'user-agent') ?? '')) return;
  throw new Error('A browser may have been made to send this: add the header "apollo-require-preflight"');
}

function isSameOrigin(request: Request<unknown, unknown>): boolean {
  const origin = headerOf(request, 'origin');
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === headerOf(request, 'host');
}

function headerOf({ headers }: Request<unknown, unknown>, name: string): string | undefined {
  const value: unknown =
    typeof headers.get === 'function' ? headers.get(name) : (headers as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}
