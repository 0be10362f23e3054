import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'graphql-http';
import { GLANCED_LENGTH_MIN, isRecord, type RequestParameters } from './request-parameters.js';
import { GRAPHQL_RESPONSE, JSON_RESPONSE } from './response.js';

/** What a client that asks for JSON says, and the media type of its answer. */
const ACCEPTED: ReadonlyMap<string | undefined, string> = new Map([
  [undefined, JSON_RESPONSE],
  ['*/*', JSON_RESPONSE],
  ['application/json', JSON_RESPONSE],
  ['application/json, */*', JSON_RESPONSE],
  ['application/graphql-response+json', GRAPHQL_RESPONSE],
  ['application/graphql-response+json, application/json', GRAPHQL_RESPONSE],
  ['application/graphql-response+json,application/json;q=0.9', GRAPHQL_RESPONSE],
  ['application/graphql-response+json, application/json;q=0.9', GRAPHQL_RESPONSE],
]);
const CONTENT_TYPES: ReadonlySet<unknown> = new Set(['application/json', 'application/json; charset=utf-8']);

/** A request that needs no judging. */
export interface PlainPost {
  readonly parameters: RequestParameters;
  readonly mediaType: string;
}

/** Whether these are the headers of a plain POST: a small JSON body of known length, to be answered with JSON. */
export function hasPlainHeaders(headers: IncomingHttpHeaders, bodyBytesMax: number): boolean {
  const length = headers['content-length'];
  if (length === undefined || !(Number(length) < Math.min(GLANCED_LENGTH_MIN, bodyBytesMax))) return false;
  return CONTENT_TYPES.has(headers['content-type']) && ACCEPTED.has(headers.accept) && !headers['content-encoding'];
}

/**
 * Reads what almost every request is: a POST of a small JSON object that holds a document and is answered with JSON.
 * Undefined for whatever else, or is at fault: that is for `graphql-http` to judge.
 */
export function readPlainPost({ body, headers, method }: Request<unknown, unknown>): PlainPost | undefined {
  const given = headers as Readonly<Record<string, string | undefined>>;
  if (method !== 'POST' || typeof body !== 'string' || body.length >= GLANCED_LENGTH_MIN) return undefined;
  if (!CONTENT_TYPES.has(given['content-type']) || given['content-encoding'] !== undefined) return undefined;
  const mediaType = ACCEPTED.get(given['accept']);
  const parameters = mediaType === undefined ? undefined : parametersOf(body);
  return parameters && mediaType !== undefined ? { parameters, mediaType } : undefined;
}

function parametersOf(body: string): RequestParameters | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const { documentId, extensions, operationName, query, variables } = parsed;
  if (typeof query !== 'string' || !isAbsent(documentId)) return undefined;
  if (!isAbsent(operationName) && typeof operationName !== 'string') return undefined;
  if (!isAbsent(variables) && !isRecord(variables)) return undefined;
  if (!isAbsent(extensions) && !isRecord(extensions)) return undefined;
  return { query, operationName, variables, extensions };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
