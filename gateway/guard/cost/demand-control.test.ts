import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { interceptTransports } from '../../testing/intercept-transport.js';
import { shopTransports } from '../../testing/shop-graph.js';
import { startTestGateway, type TestGateway } from '../../testing/test-gateway.js';

let test: TestGateway;
let fetches = 0;

beforeAll(async () => {
  test = await startTestGateway({
    transports: interceptTransports(shopTransports(), () => async (next) => {
      fetches++;
      return next();
    }),
    demand: {
      operationCostMax: 50,
      budgetOf: ({ permissions }) => {
        const [principal = ''] = permissions;
        return principal === 'unlimited' ? undefined : { principal, burst: 60, perSecond: 0.5 };
      },
    },
  });
});
afterAll(async () => test.stop());

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: {
    readonly data?: unknown;
    readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
    readonly extensions?: { readonly cost?: Record<string, unknown> };
  };
}

async function ask(query: string, principal: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(test.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${principal}`,
    },
    body: JSON.stringify({ query, variables }),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Answer['body'],
  };
}

const FRIENDS = '{ users { friends { name } } }';

describe('demand control', () => {
  it('tells what an operation was expected to cost, what it cost, and what is left', async () => {
    const { body } = await ask('{ me { friends { name } } }', 'teller');
    expect(body.extensions?.cost).toEqual({
      estimated: 6,
      actual: 3,
      max: 50,
      budget: { left: 57, size: 60, perSecond: 0.5 },
    });
  });

  it('refuses an operation above the maximum before anything is fetched', async () => {
    fetches = 0;
    const { status, body } = await ask(FRIENDS, 'greedy');
    expect(status).toBe(400);
    expect(body.errors?.[0]).toMatchObject({
      message: 'The operation may cost 60, and at most 50 is allowed: ask for less, or for shorter lists.',
      extensions: { code: 'QUERY_TOO_COMPLEX', limit: 'cost', max: 50, estimated: 60, retryable: false },
    });
    expect(fetches).toBe(0);
  });

  it('takes the variables of the request into account', async () => {
    const query = 'query($friends: Boolean!) { users { friends @include(if: $friends) { name } } }';
    expect((await ask(query, 'unlimited', { friends: true })).body.errors?.[0]?.extensions['code']).toBe(
      'QUERY_TOO_COMPLEX',
    );
    expect((await ask(query, 'unlimited', { friends: false })).body.extensions?.cost).toEqual({
      estimated: 10,
      actual: 3,
      max: 50,
    });
  });

  it('gives back what was not used, and refuses with 429 and Retry-After when the budget is spent', async () => {
    const query = '{ a: users { name } b: users { name } c: users { name } d: users { name } }';
    const answers: Answer[] = [];
    for (let i = 0; i < 6; i++) answers.push(await ask(query, 'spender'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429, 429, 429]);
    const refused = answers[2];
    expect(refused?.body.errors?.[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      estimated: 40,
      left: 36,
    });
    expect(Number(refused?.retryAfter)).toBeGreaterThanOrEqual(7);
    expect(Number(refused?.retryAfter)).toBeLessThanOrEqual(8);
    expect((await ask(query, 'another')).status).toBe(200);
  });

  it('charges something for what costs nothing, so that floods end', async () => {
    const answers = await Promise.all(Array.from({ length: 70 }, async () => ask('{ __typename }', 'flooder')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(8);
    expect(refused.length).toBeLessThanOrEqual(10);
  });

  it('charges for introspection', async () => {
    const { body } = await ask('{ __schema { types { name fields { name } } } me { id } }', 'curious');
    expect(body.extensions?.cost).toMatchObject({ estimated: 3, actual: 3 });
  });

  it('does not charge for fields that the caller may not read', async () => {
    const { body } = await ask('{ me { name secretNotes { text } } }', 'denied');
    expect(body.extensions?.cost).toMatchObject({ estimated: 1, actual: 1 });
  });

  it('holds for subscriptions and for operations on a WebSocket', async () => {
    const client = createClient({
      url: test.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: 'Bearer socket' },
    });
    const [first] = await Array.fromAsync(client.iterate({ query: FRIENDS }));
    expect(first).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
    const deep = 'subscription { userEvents { user { friends { friends { friends { name } } } } } }';
    const [second] = await Array.fromAsync(client.iterate({ query: deep }));
    expect(second).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX', estimated: 157 } }] });
    const [third] = await Array.fromAsync(client.iterate({ query: '{ me { id } }' }));
    expect(third).toMatchObject({ extensions: { cost: { estimated: 1, actual: 1 } } });
    await client.dispose();
  });
});

describe('the time of an operation', () => {
  it('is bounded: the deadline answers TIMEOUT', async () => {
    const slow = await startTestGateway({
      transports: interceptTransports(shopTransports(), () => async () => new Promise(() => undefined)),
      operationSecondsMax: 0.05,
    });
    const response = await fetch(slow.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: '{ me { id } }' }),
    });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'TIMEOUT', retryable: true } }] });
    await slow.stop();
  });
});
