import { refuseForgeable } from './forgeable-request.js';
import { parseRequestParams, type Request, type RequestParams, type Response } from 'graphql-http';

/** The parameters of a request, as the GraphQL over HTTP draft names them with its appendix on persisted documents. */
export interface RequestParameters extends RequestParams {
  readonly documentId?: string;
}

const DOCUMENT_ID_LENGTH_MAX = 256;
/** Lists and objects inside each other, more than variables may have. */
const NESTING_MAX = 100;
/** Bodies from this length on are glanced at before they are parsed. */
export const GLANCED_LENGTH_MIN = 10_000;
const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
/** The closing ones are two further on, both in ASCII. */
const BRACKET = '['.charCodeAt(0);
const BRACE = '{'.charCodeAt(0);
const PARAMETERS = ['query', 'documentId', 'operationName', 'variables', 'extensions'] as const;

/**
 * Reads the parameters of a GET or POST. `graphql-http` does, but asks for a `query`: a request that names its document
 * instead gets the empty one. Answers a response for a wrong method or content type; throws for malformed parameters,
 * and for a GET that a page of somebody else may have made a browser send.
 */
export async function readRequestParameters<Context>(
  request: Request<unknown, Context>,
): Promise<RequestParameters | Response> {
  if (request.method !== 'GET') return readBody(request);
  refuseForgeable(request);
  return readQuery(request);
}

async function readQuery<Context>(request: Request<unknown, Context>): Promise<RequestParameters | Response> {
  const parameters = new URLSearchParams(request.url.split('?')[1]);
  const repeated = PARAMETERS.find((name) => parameters.getAll(name).length > 1);
  if (repeated !== undefined) throw new Error(`The parameter "${repeated}" is given more than once`);
  const documentId = parameters.get('documentId') ?? undefined;
  const names = documentId !== undefined || parameters.get('extensions')?.includes('persistedQuery');
  if (!names || parameters.has('query')) return named(await parseRequestParams(request), documentId);
  parameters.set('query', '');
  return named(await parseRequestParams({ ...request, url: `?${parameters.toString()}` }), documentId);
}

async function readBody<Context>(request: Request<unknown, Context>): Promise<RequestParameters | Response> {
  const text = typeof request.body === 'function' ? await request.body() : request.body;
  if (isCompressed(request)) return [null, { status: 415, statusText: 'Unsupported Media Type' }];
  if (typeof text === 'string' && isNestedTooDeep(text)) throw new Error(`JSON may nest ${NESTING_MAX} deep at most`);
  const body: unknown = typeof text === 'string' && text !== '' ? parsed(text) : text;
  if (Array.isArray(body)) throw new Error('Batches are not taken: send one operation in a request');
  if (!isRecord(body)) return parseRequestParams({ ...request, body: text });
  const { documentId, extensions, query } = body;
  if (documentId !== undefined && documentId !== null && typeof documentId !== 'string')
    throw new Error('Invalid documentId');
  const names = typeof documentId === 'string' || (isRecord(extensions) && 'persistedQuery' in extensions);
  const read = names && (query === undefined || query === null) ? { ...body, query: '' } : body;
  return named(await parseRequestParams({ ...request, body: read }), documentId ?? undefined);
}

/** Bodies are read as they come (RFC 9110, 8.4). */
function isCompressed({ headers }: Request<unknown, unknown>): boolean {
  const coding: unknown =
    typeof headers.get === 'function'
      ? headers.get('content-encoding')
      : (headers as Readonly<Record<string, unknown>>)['content-encoding'];
  return typeof coding === 'string' && coding !== '' && coding.toLowerCase() !== 'identity';
}

/** Parsing deep JSON takes many times as long as flat JSON: a glance at the brackets of a large body comes first. */
function isNestedTooDeep(text: string): boolean {
  if (text.length < GLANCED_LENGTH_MIN) return false;
  let nesting = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) isInString = !isInString;
    else if (character === BACKSLASH) index += isInString ? 1 : 0;
    else if (isInString) continue;
    else if (character === BRACKET || character === BRACE) nesting++;
    else if (character === BRACKET + 2 || character === BRACE + 2) nesting--;
    if (nesting > NESTING_MAX) return true;
  }
  return false;
}

/** Text that is no JSON stays text: it is judged after the content type. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function named(read: RequestParams | Response, documentId: string | undefined): RequestParameters | Response {
  if (!('query' in read) || documentId === undefined) return read;
  if (documentId === '' || documentId.length > DOCUMENT_ID_LENGTH_MAX) throw new Error('Invalid documentId');
  return { ...read, documentId };
}
