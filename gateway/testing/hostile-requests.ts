import { Buffer } from 'node:buffer';
import { hostileDocuments } from './hostile-documents.js';

/** A request that means harm or was made by chance, and the codes by which it may be refused. */
export interface HostileRequest {
  readonly name: string;
  readonly method?: string;
  /** After the endpoint's path. */
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  readonly codes: readonly string[];
}

const PARSE = ['GRAPHQL_PARSE_FAILED'];
const INPUT = ['BAD_USER_INPUT'];
const REQUEST = ['BAD_REQUEST'];
const LARGE = ['PAYLOAD_TOO_LARGE'];
const MEDIA = ['UNSUPPORTED_MEDIA_TYPE'];

const json = (value: unknown): string => JSON.stringify(value);
const nest = (open: string, close: string, levels: number, core = ''): string =>
  open.repeat(levels) + core + close.repeat(levels);

/** Against the shop graph of the tests, with the default limits and bodies of at most a million bytes. */
export function hostileRequests(): readonly HostileRequest[] {
  const documents = hostileDocuments().map(({ name, text, codes }) => ({ name, codes, body: json({ query: text }) }));
  return [...documents, ...bodies(), ...variables(), ...methodsAndQueries(), ...headers()];
}

function bodies(): HostileRequest[] {
  const batch = (count: number): string => json(Array.from({ length: count }, () => ({ query: '{ me { id } }' })));
  return [
    { name: 'no body', body: '', codes: REQUEST },
    { name: 'broken JSON', body: '{"query":"{ me { id } }"', codes: REQUEST },
    { name: 'JSON with a trailing comma', body: '{"query":"{ me { id } }",}', codes: REQUEST },
    { name: 'JSON after a byte order mark', body: `\ufeff${json({ query: '{ me { id } }' })}`, codes: REQUEST },
    { name: 'JSON of another kind', body: '"{ me { id } }"', codes: REQUEST },
    { name: 'null', body: 'null', codes: REQUEST },
    { name: 'a number', body: '1e999', codes: REQUEST },
    { name: 'a batch of one', body: batch(1), codes: REQUEST },
    { name: 'a batch of thousands', body: batch(20_000), codes: REQUEST },
    { name: 'lists without end', body: '['.repeat(900_000), codes: REQUEST },
    { name: 'lists inside lists', body: nest('[', ']', 400_000), codes: REQUEST },
    { name: 'objects inside objects', body: nest('{"a":', '}', 100_000, '1'), codes: REQUEST },
    { name: 'a query that is a list', body: json({ query: ['{ me { id } }'] }), codes: REQUEST },
    { name: 'a query that is an object', body: json({ query: { toString: 'x' } }), codes: REQUEST },
    { name: 'variables that are a list', body: json({ query: '{ me { id } }', variables: [1] }), codes: REQUEST },
    { name: 'variables that are text', body: json({ query: '{ me { id } }', variables: '{}' }), codes: REQUEST },
    {
      name: 'an operation name that is none',
      body: json({ query: '{ me { id } }', operationName: {} }),
      codes: REQUEST,
    },
    {
      name: 'the name __proto__',
      body: json({ query: 'query A { me { id } }', operationName: '__proto__' }),
      codes: REQUEST,
    },
    {
      name: 'the name constructor',
      body: json({ query: 'query A { me { id } }', operationName: 'constructor' }),
      codes: REQUEST,
    },
    { name: 'extensions that are text', body: json({ query: '{ me { id } }', extensions: 'x' }), codes: REQUEST },
    {
      name: 'a hash that is none',
      body: json({ extensions: { persistedQuery: { version: 1, sha256Hash: '../x' } } }),
      codes: REQUEST,
    },
    {
      name: 'a hash of something else',
      body: json({
        query: '{ me { id } }',
        extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } },
      }),
      codes: REQUEST,
    },
    { name: 'invalid UTF-8', body: Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), codes: REQUEST },
    { name: 'UTF-8 that is too long for its character', body: Buffer.from([0x22, 0xc0, 0xaf, 0x22]), codes: REQUEST },
    { name: 'surrogates in UTF-8', body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), codes: REQUEST },
    { name: 'UTF-16', body: Buffer.from(json({ query: '{ me { id } }' }), 'utf16le'), codes: REQUEST },
    {
      name: 'random bytes',
      body: Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 73) % 256)),
      codes: REQUEST,
    },
    { name: 'more than the largest body', body: `{"query":"${'a'.repeat(1_100_000)}"}`, codes: LARGE },
  ];
}

function variables(): HostileRequest[] {
  const query = 'query($id: ID!) { user(id: $id) { id } }';
  const withId = (id: unknown): string => json({ query, variables: { id } });
  const raw = (id: string): string => `{"query":${json(query)},"variables":{"id":${id}}}`;
  return [
    { name: 'a variable of another type', body: withId({ a: 1 }), codes: INPUT },
    { name: 'a variable that is missing', body: json({ query }), codes: INPUT },
    { name: 'a variable that is null', body: withId(null), codes: INPUT },
    { name: 'a variable that nests without end', body: raw(nest('[', ']', 200_000)), codes: [...INPUT, ...REQUEST] },
    { name: 'a variable of many values', body: withId(Array.from({ length: 200_000 }, () => 0)), codes: INPUT },
    { name: 'a variable that names a prototype', body: raw('{"__proto__":{"isAdmin":true}}'), codes: INPUT },
    {
      name: 'variables that name a prototype',
      body: `{"query":${json(query)},"variables":{"__proto__":{"id":"u1"}}}`,
      codes: INPUT,
    },
    { name: 'U+0000 in a variable', body: withId('u\0'), codes: INPUT },
    { name: 'half of a surrogate pair in a variable', body: raw(String.raw`"u\ud800"`), codes: INPUT },
    {
      name: 'a number too large for its variable',
      body: json({ query: 'query($n: Int) { me { wishes(first: $n) { id } } }', variables: { n: 2 ** 53 } }),
      codes: INPUT,
    },
    { name: 'a number of many digits', body: raw(`1${'0'.repeat(500_000)}`), codes: INPUT },
  ];
}

function methodsAndQueries(): HostileRequest[] {
  const get = (search: string): Pick<HostileRequest, 'method' | 'search'> => ({ method: 'GET', search });
  const ask = `query=${encodeURIComponent('{ me { id } }')}`;
  return [
    {
      name: 'a mutation by GET',
      ...get(`?query=${encodeURIComponent('mutation { userRename(id: "u1", name: "x") { id } }')}`),
      codes: ['METHOD_NOT_ALLOWED'],
    },
    { name: 'a GET without a query', ...get(''), codes: REQUEST },
    { name: 'a query that is given twice', ...get(`?${ask}&${ask}`), codes: REQUEST },
    { name: 'variables that are given twice', ...get(`?${ask}&variables=%7B%7D&variables=%7B%7D`), codes: REQUEST },
    { name: 'variables in an address that are no JSON', ...get(`?${ask}&variables=%7B`), codes: REQUEST },
    { name: 'a broken escape in an address', ...get('?query=%E0%A4%A'), codes: [...PARSE, ...REQUEST] },
    { name: 'a GET with a body', ...get('?variables=%7B%7D'), body: json({ query: '{ me { id } }' }), codes: REQUEST },
    {
      name: 'a GET from a page of somebody else',
      ...get(`?${ask}`),
      headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' },
      codes: REQUEST,
    },
    { name: 'PUT', method: 'PUT', body: json({ query: '{ me { id } }' }), codes: ['METHOD_NOT_ALLOWED'] },
    { name: 'DELETE', method: 'DELETE', codes: ['METHOD_NOT_ALLOWED'] },
  ];
}

function headers(): HostileRequest[] {
  const body = json({ query: '{ me { id } }' });
  const typed = (type: string): Pick<HostileRequest, 'body' | 'headers'> => ({
    body,
    headers: { 'content-type': type },
  });
  return [
    { name: 'a form', ...typed('application/x-www-form-urlencoded'), codes: MEDIA },
    { name: 'a multipart form', ...typed('multipart/form-data; boundary=x'), codes: MEDIA },
    { name: 'text', ...typed('text/plain'), codes: MEDIA },
    { name: 'GraphQL without JSON', ...typed('application/graphql'), codes: MEDIA },
    { name: 'another charset', ...typed('application/json; charset=utf-16'), codes: MEDIA },
    { name: 'a content type that is none', ...typed('application/json/../x;;;=='), codes: [...MEDIA, ...REQUEST] },
    { name: 'a long content type', ...typed(`application/${'x'.repeat(8_000)}`), codes: MEDIA },
    { name: 'nothing that we could answer', body, headers: { accept: 'image/png' }, codes: REQUEST },
    {
      name: 'a thousand accepted types',
      body,
      headers: { accept: Array.from({ length: 1_000 }, (_, i) => `a/${i}`).join(',') },
      codes: REQUEST,
    },
    { name: 'a token that is none', body, headers: { authorization: 'Bearer bad' }, codes: ['TOKEN_INVALID'] },
    { name: 'compression that is none', body, headers: { 'content-encoding': 'gzip' }, codes: [...MEDIA] },
  ];
}
