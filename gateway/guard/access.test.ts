import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { composeSupergraph } from '../supergraph.js';
import { SHOP_SDL, shopSupergraph, shopTransports } from '../testing/shop-graph.js';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';
import { interceptTransports, type Interception } from '../testing/intercept-transport.js';
import { AccessRules } from './access-rules.js';

let test: TestGateway;
const sent: string[] = [];

/** Records what is fetched, and answers more than it was asked for. */
const overReturning: Interception = async (next, _, { text }) => {
  sent.push(text);
  const result = await next();
  const data = JSON.parse(JSON.stringify(result.data ?? null), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value, email: 'leaked', alias: 'leaked', secretNotes: { text: 'leaked' } }
      : value,
  ) as unknown;
  return { ...result, data };
};

beforeAll(async () => {
  const transports = interceptTransports(shopTransports(), () => overReturning);
  test = await startTestGateway({ transports });
});
afterAll(async () => test.stop());

async function ask(
  query: string,
  permissions = '',
): Promise<{ status: number; body: Record<string, unknown>; text: string }> {
  sent.length = 0;
  const response = await fetch(test.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${permissions}`,
    },
    body: JSON.stringify({ query }),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown>, text };
}

const FORBIDDEN = expect.objectContaining({
  extensions: expect.objectContaining({ code: 'FORBIDDEN', requires: expect.any(String) }),
}) as object;

describe('field access', () => {
  it('answers a denied field with null and an error that names the requirement, and never fetches it', async () => {
    const { status, body, text } = await ask('{ me { name email } }');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      data: { me: { name: 'Ada', email: null } },
      errors: [
        {
          path: ['me', 'email'],
          extensions: { code: 'FORBIDDEN', requires: 'user.email.read', correlationId: expect.any(String) },
        },
      ],
    });
    expect(sent.join()).not.toContain('email');
    expect(text).not.toContain('leaked');
  });

  it('does not leak by an alias, nor by what a subgraph returns unasked', async () => {
    const { text } = await ask(
      '{ me { alias: email ... on Person { name } ...F } } fragment F on User { secretNotes { text } email }',
    );
    expect(text).not.toContain('leaked');
    expect(sent.join()).not.toMatch(/email|secretNotes/);
  });

  it('answers it to a caller who holds the permission', async () => {
    const { body } = await ask('{ me { secretNotes { text } } }', 'notes.read');
    expect(body).toMatchObject({ data: { me: { secretNotes: { text: 'leaked' } } } });
    expect((await ask('{ me { email } }', 'user.email.read')).body).toMatchObject({
      data: { me: { email: 'leaked' } },
    });
  });

  it('denies fields that answer a protected type', async () => {
    const { body } = await ask('{ me { secretNotes { text } } }');
    expect(body).toMatchObject({
      data: { me: { secretNotes: null } },
      errors: [{ extensions: { requires: 'notes.read' } }],
    });
  });

  it('keeps asking for the parent when all its selected fields are denied', async () => {
    const { body } = await ask('{ user(id: "u1") { email } none: user(id: "u9") { email } }');
    expect(body['data']).toEqual({ user: { email: null }, none: null });
  });

  it('rejects a mutation that selects a denied field, before anything is done', async () => {
    const { status, body } = await ask('mutation { userRename(id: "u1", name: "Eve") { id email } }');
    expect(status).toBe(403);
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN', requires: 'user.email.read' } }] });
    expect('data' in body).toBe(false);
    expect(sent).toEqual([]);
  });

  it('decides by the concrete type where an interface is selected', async () => {
    const { body, text } = await ask(
      '{ person(id: "u1") { ...P ... on User { email } } } fragment P on Person { id name }',
    );
    expect(body).toMatchObject({ data: { person: { id: 'u1', name: 'Ada', email: null } } });
    expect(text).not.toContain('leaked');
  });

  it.each([
    ['by the alias of another field', '{ me { name: email } }'],
    ['by a fragment on its type', '{ person(id: "u1") { ...F } } fragment F on User { email }'],
    ['by nested fragments on interfaces', '{ people { ... on Person { ... on User { ... { email } } } } }'],
    ['in a union', '{ search(text: "x") { ... on User { secretNotes { text } } } }'],
    [
      'below an entity of another subgraph',
      '{ product(id: "p1") { reviews { author { email secretNotes { text } } } } }',
    ],
    ['in lists', '{ users { email friends { email } } }'],
    ['by a variable that includes it', 'query($yes: Boolean = true) { me { email @include(if: $yes) } }'],
    [
      'by the same response name in two fragments',
      '{ me { ...A ...B } } fragment A on User { email } fragment B on Person { ... on User { email } }',
    ],
  ])('keeps a denied field from being read %s', async (_, query) => {
    const { body, text } = await ask(query);
    expect(text).not.toContain('leaked');
    expect(sent.join()).not.toMatch(/\bemail|secretNotes/);
    expect(body).toMatchObject({ errors: expect.arrayContaining([FORBIDDEN]) });
  });

  it('leaves introspection and type names alone', async () => {
    const { body } = await ask('{ __type(name: "User") { fields { name } } me { __typename email } }');
    expect(body).toMatchObject({ data: { me: { __typename: 'User', email: null } } });
    expect(JSON.stringify(body)).toContain('"name":"secretNotes"');
  });

  it('rejects a mutation whose denied field hides in a fragment, an alias or a condition', async () => {
    for (const selection of ['x: email', '...F', '... @include(if: true) { email }']) {
      const fragment = selection === '...F' ? 'fragment F on User { secretNotes { text } }' : '';
      const answer = await ask(`mutation { userRename(id: "u1", name: "Eve") { id ${selection} } } ${fragment}`);
      expect(answer).toMatchObject({ status: 403, body: { errors: [FORBIDDEN] } });
      expect(sent).toEqual([]);
    }
  });

  it('answers deferred parts without what is denied', async () => {
    const { runtime } = test.gateway;
    const selected = await runtime.select('{ me { name ... @defer { email secretNotes { text } role } } }', undefined);
    if (!('generation' in selected)) throw new Error('the document is valid');
    const { generation, stored, definition } = selected;
    const operation = await generation.operations.authorize(stored, definition, () => false);
    sent.length = 0;
    const result = await generation.engine.executeIncrementally({ operation, variables: {}, context: {} });
    const parts: unknown[] = 'initial' in result ? [result.initial] : [result];
    if ('initial' in result) for await (const part of result.subsequent) parts.push(part);
    expect(JSON.stringify(parts)).toContain('"email":null');
    expect(JSON.stringify(parts)).not.toContain('leaked');
    expect(sent.join()).not.toMatch(/\bemail|secretNotes/);
  });

  it('refuses a subscription whose stream is denied', async () => {
    const sdl = shopSupergraph().sdl.replace(
      'userEvents(count: Int! = 3): UserEvent!',
      'userEvents(count: Int! = 3): UserEvent! @access(permission: "events.read")',
    );
    const own = await startTestGateway({ supergraph: { sdl } });
    const client = createClient({ url: own.url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const [answer] = await Array.fromAsync(client.iterate({ query: 'subscription { userEvents { cursor } }' }));
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN', requires: 'events.read' } }] });
    await client.dispose();
    await own.stop();
  });

  it('applies to what follows an event, too', async () => {
    const client = createClient({ url: test.url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const [event] = await Array.fromAsync(
      client.iterate({ query: 'subscription { userEvents(count: 1) { user { email secretNotes { text } } } }' }),
    );
    expect(event?.data).toEqual({ userEvents: { user: { email: null, secretNotes: null } } });
    expect(event?.errors?.length).toBe(2);
    await client.dispose();
  });
});

describe('fields that other fields and types stand for', () => {
  const accounts = (changes: readonly (readonly [string, string])[]): { sdl: string } => ({
    sdl: changes.reduce((sdl, [from, to]) => sdl.replace(from, to), shopSupergraph().sdl),
  });
  async function answers(sdl: { sdl: string }, query: string): Promise<{ text: string; fetched: string }> {
    const fetched: string[] = [];
    const transports = interceptTransports(shopTransports(), () => async (next, _, { text }) => {
      fetched.push(text);
      return next();
    });
    const own = await startTestGateway({ supergraph: sdl, transports });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(own.url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const text = await response.text();
    await own.stop();
    return { text, fetched: fetched.join() };
  }

  it('what a denied field is required for is answered, the field itself is not', async () => {
    const sdl = accounts([
      [
        'weight: Int @join__field(graph: PRODUCTS) @join__field(graph: SHIPPING, external: true)',
        'weight: Int @join__field(graph: PRODUCTS) @join__field(graph: SHIPPING, external: true) @access(permission: "book.weight.read")',
      ],
    ]);
    expect(sdl.sdl).toContain('book.weight.read');
    const { text } = await answers(sdl, '{ product(id: "p1") { ... on Book { shippingCost weight } } }');
    const body = JSON.parse(text) as { data: unknown; errors: unknown[] };
    expect(body.data).toEqual({ product: { shippingCost: 700, weight: null } });
    expect(body.errors).toMatchObject([{ path: ['product', 'weight'], extensions: { requires: 'book.weight.read' } }]);
  });

  it('a field that is denied on a type is denied through its interface, for that type alone', async () => {
    const sdl = accounts([
      [
        'name: String @join__field(graph: ACCOUNTS) @join__field(graph: REVIEWS, external: true)',
        'name: String @join__field(graph: ACCOUNTS) @join__field(graph: REVIEWS, external: true) @access(permission: "user.name.read")',
      ],
    ]);
    expect(sdl.sdl).toContain('user.name.read');
    const { text } = await answers(sdl, '{ people { name } }');
    const body = JSON.parse(text) as { data: unknown; errors: unknown[] };
    expect(body.data).toEqual({ people: [{ name: null }, null, { name: 'Guest' }] });
    expect(body.errors).toMatchObject([{ path: ['people', 0, 'name'], extensions: { requires: 'user.name.read' } }]);
    expect(text).not.toContain('Ada');
  });

  it('a field that is denied on an interface is denied on every type that implements it', async () => {
    const sdl = accounts([
      ['  id: ID!\n  name: String\n}', '  id: ID!\n  name: String @access(permission: "person.name.read")\n}'],
    ]);
    expect(sdl.sdl).toContain('person.name.read');
    for (const query of ['{ people { name } }', '{ people { ... on User { name } ... on Guest { name } } }']) {
      const { text, fetched } = await answers(sdl, query);
      const body = JSON.parse(text) as { data: unknown; errors: unknown[] };
      expect(body.data).toEqual({ people: [{ name: null }, null, { name: null }] });
      expect(body.errors.length).toBe(2);
      expect(fetched).not.toMatch(/[{ ]name\b/);
    }
  });
});

describe('access rules', () => {
  it('refuses an @access that names no permission', () => {
    const sdl = 'type Query { a: Int @access(permission: "") }';
    expect(() => new AccessRules(sdl, test.gateway.runtime.apiSchema)).toThrow(
      '@access on Query.a names no permission',
    );
  });

  it('refuses subgraphs that ask for different permissions on the same field', () => {
    const subgraphs = Object.entries(SHOP_SDL).map(([name, sdl]) => ({
      name,
      sdl:
        name === 'reviews'
          ? sdl.replace('name: String @external', 'name: String @external email: String @access(permission: "other")')
          : sdl,
    }));
    expect(() => composeSupergraph(subgraphs)).toThrow(
      'User.email needs "user.email.read" by subgraph "accounts", but "other" by "reviews"',
    );
  });

  it('finds what an operation may need on any concrete type', () => {
    const rules = new AccessRules(shopSupergraph().sdl, test.gateway.runtime.apiSchema);
    expect([...rules.permissions].sort()).toEqual(['notes.read', 'review.score.read', 'user.email.read']);
  });
});
