import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpAudits } from '../testing/http-audits.js';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

interface Refusal {
  readonly errors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

async function refusalOf(response: Response): Promise<{ status: number; code: unknown; body: Refusal }> {
  const body = (await response.json()) as Refusal;
  const extensions = body.errors[0]?.extensions ?? {};
  expect(extensions['correlationId']).toBe(response.headers.get('x-correlation-id'));
  return { status: response.status, code: extensions['code'], body };
}

// A server of the kernel answers plain requests before it routes them; on any other Fastify all are routed.
describe.each([
  ['a server of the kernel', undefined],
  ['any other Fastify', () => fastify({ forceCloseConnections: true })],
])('on %s', (_server, serverOf) => {
  let test: TestGateway;
  beforeAll(async () => {
    test = await startTestGateway({ bodyBytesMax: 20_000 }, serverOf?.());
  });
  afterAll(async () => test.stop());

  async function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(test.url, {
      method: 'POST',
      body: typeof body === 'string' ? body : Buffer.from(body),
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', ...headers },
    });
  }

  describe('GraphQL over HTTP', () => {
    it('passes every audit of graphql-http without an error or a warning', async () => {
      const { count, faults } = await httpAudits(test.url);
      expect(faults).toEqual([]);
      expect(count).toBe(61);
    });
  });

  describe('bad requests', () => {
    it.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
      ['malformed JSON', '{"query":', {}, 400, 'BAD_REQUEST'],
      ['a body that is no object', '[]', {}, 400, 'BAD_REQUEST'],
      ['a batch', '[{"query":"{__typename}"}]', {}, 400, 'BAD_REQUEST'],
      ['an empty body', '', {}, 400, 'BAD_REQUEST'],
      ['a wrong content type', '{}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['no acceptable response', '{}', { accept: 'image/png' }, 406, 'BAD_REQUEST'],
      ['invalid UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), {}, 400, 'BAD_REQUEST'],
      ['a body that is too large', `{"query":"{ ${'a'.repeat(30_000)} }"}`, {}, 413, 'PAYLOAD_TOO_LARGE'],
      ['a document that does not parse', '{"query":"{ me {"}', {}, 400, 'GRAPHQL_PARSE_FAILED'],
      ['an unknown field', '{"query":"{ nothing }"}', {}, 400, 'GRAPHQL_VALIDATION_FAILED'],
      [
        'a cycle of fragments',
        '{"query":"{ me { ...A } } fragment A on User { ...B } fragment B on User { ...A }"}',
        {},
        400,
        'GRAPHQL_VALIDATION_FAILED',
      ],
      [
        'a wrong variable',
        '{"query":"query($id: ID!) { user(id: $id) { id } }","variables":{"id":{}}}',
        {},
        400,
        'BAD_USER_INPUT',
      ],
      [
        'U+0000 in a variable',
        '{"query":"query($id: ID!) { user(id: $id) { id } }","variables":{"id":"u\\u0000"}}',
        {},
        400,
        'BAD_USER_INPUT',
      ],
      [
        'half of a surrogate pair in a variable',
        '{"query":"query($id: ID!) { user(id: $id) { id } }","variables":{"id":"u\\ud83d"}}',
        {},
        400,
        'BAD_USER_INPUT',
      ],
      [
        'U+0000 in the document',
        JSON.stringify({ query: String.raw`{ user(id: "u\u0000") { id } }` }),
        {},
        400,
        'BAD_USER_INPUT',
      ],
      ['an unknown operation name', '{"query":"query A { me { id } }","operationName":"B"}', {}, 400, 'BAD_REQUEST'],
      ['an ambiguous operation', '{"query":"query A { me { id } } query B { me { id } }"}', {}, 400, 'BAD_REQUEST'],
      ['a subscription', '{"query":"subscription { userEvents { cursor } }"}', {}, 400, 'BAD_REQUEST'],
      ['a token that is not valid', '{"query":"{ me { id } }"}', { authorization: 'Bearer bad' }, 401, 'TOKEN_INVALID'],
    ])('refuses %s with its code and correlation id', async (_, body, headers, status, code) => {
      const refusal = await refusalOf(await post(body, headers));
      expect({ status: refusal.status, code: refusal.code }).toEqual({ status, code });
    });

    it('refuses a mutation over GET', async () => {
      const query = encodeURIComponent('mutation { userRename(id: "u1", name: "x") { id } }');
      const response = await fetch(`${test.url}?query=${query}`);
      expect(response.headers.get('allow')).toBe('POST');
      expect(await refusalOf(response)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    });

    it('refuses other methods', async () => {
      const response = await fetch(test.url, { method: 'PUT' });
      expect(await refusalOf(response)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    });
  });

  describe('correlation ids', () => {
    it('keeps a well-formed one, and replaces one that is not', async () => {
      const kept = await post('{"query":"{ me { id } }"}', { 'x-correlation-id': 'abc-12345' });
      expect(kept.headers.get('x-correlation-id')).toBe('abc-12345');
      const replaced = await post('{"query":"{ me { id } }"}', { 'x-correlation-id': 'a b' });
      expect(replaced.headers.get('x-correlation-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    });
  });
});
