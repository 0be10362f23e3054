import type { GraphQLError } from 'graphql';
import type { OperationOutcome } from '../operation-service.js';
import { answerText } from './answer-text.js';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const GRAPHQL_RESPONSE = 'application/graphql-response+json; charset=utf-8';
export const JSON_RESPONSE = 'application/json; charset=utf-8';

/**
 * Refusals that a client of the older `application/json` gets with status 200, as the GraphQL over HTTP specification
 * wants it: the request was well formed, and the GraphQL service answered.
 */
const ANSWERED = new Set<unknown>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'PERSISTED_QUERY_NOT_FOUND',
]);

/** Media type by the client's order of preference; the older type for a client that takes anything. */
export function negotiate(accept: string | undefined): string {
  const ranges = (accept ?? '*/*').split(',').map(parseRange);
  ranges.sort((left, right) => right.quality - left.quality);
  for (const { type, quality } of ranges) {
    if (quality === 0) continue;
    if (type === 'application/graphql-response+json') return GRAPHQL_RESPONSE;
    if (type === 'application/json' || type === 'application/*' || type === '*/*') return JSON_RESPONSE;
  }
  return JSON_RESPONSE;
}

function parseRange(range: string): { type: string; quality: number } {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const value = quality === undefined ? 1 : Number(quality.slice(2));
  return { type, quality: Number.isFinite(value) ? value : 0 };
}

export function outcomeResponse(
  { result, status, isShared = false }: OperationOutcome,
  mediaType: string,
): HttpResponse {
  const code = result.errors?.[0]?.extensions['code'];
  const isAnswered = mediaType === JSON_RESPONSE && ANSWERED.has(code);
  return {
    status: isAnswered ? 200 : status,
    headers: { 'content-type': mediaType, ...retryAfter(result.errors) },
    body: answerText(result, isShared),
  };
}

function retryAfter(errors: readonly GraphQLError[] | undefined): Record<string, string> {
  const seconds = errors?.[0]?.extensions['retryAfterSeconds'];
  return typeof seconds === 'number' ? { 'retry-after': String(Math.ceil(seconds)) } : {};
}
