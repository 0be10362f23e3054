import { parse, validate, type ExecutionResult } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { composeSupergraph } from '../supergraph.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { interceptTransports } from '../testing/intercept-transport.js';
import { shopSupergraph, shopTransports } from '../testing/shop-graph.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import type { GatewayOperation } from './engine.js';
import { FederatedEngine } from './federated-engine.js';

function operationOf(engine: FederatedEngine, text: string): GatewayOperation {
  const document = parse(text);
  const faults = validate(engine.apiSchema, document);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return gatewayOperation(document);
}

function engineWith(
  transports: Map<string, SubgraphTransport>,
): (text: string, variables?: Record<string, unknown>) => Promise<ExecutionResult> {
  const engine = new FederatedEngine({ supergraphSdl: shopSupergraph().sdl, transports });
  return async (text, variables = {}) =>
    engine.execute({ operation: operationOf(engine, text), variables, context: {} });
}

describe('the federated engine', () => {
  let run: ReturnType<typeof engineWith>;
  beforeAll(() => {
    run = engineWith(shopTransports());
  });

  it('answers a field under the name of a key that a further subgraph needs', async () => {
    const { data, errors } = await run('{ me { id: name name: role reviews { id: body body: id } } }');
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ me: { id: 'Ada', name: 'STAFF', reviews: [{ id: 'good', body: 'r1' }, {}, null] } });
    const plain = await run('{ product(id: "p1") { id ... on Book { weight shippingCost } } }');
    const swapped = await run('{ product(id: "p1") { id: title ... on Book { weight: pages shippingCost } } }');
    expect(swapped.data?.['product']).toMatchObject({ id: 'Graphs', shippingCost: 700 });
    expect(plain.data?.['product']).toMatchObject({ id: 'p1', shippingCost: 700 });
  });

  it('reports errors at the name that the client gave', async () => {
    const failing = engineWith(
      interceptTransports(shopTransports(), (name) => async (next) => {
        if (name !== 'reviews') return next();
        throw new PlatformError('UNAVAILABLE', 'down');
      }),
    );
    const { errors } = await failing('{ me { weight: name id: reviews { body } } }');
    expect(errors?.map(({ path }) => path)).toEqual([['me', 'id']]);
  });

  it('follows entities across subgraphs', async () => {
    const { data, errors } = await run(
      '{ me { name reviews { body product { title ... on Book { shippingCost } } helpful } } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      me: {
        name: 'Ada',
        reviews: [
          { body: 'good', product: { title: 'Graphs', shippingCost: 700 }, helpful: 1 },
          { body: 'long', product: { title: 'Nodes' }, helpful: 3 },
          null,
        ],
      },
    });
  });

  it('asks for the concrete type of an interface object only if something depends on it', async () => {
    expect((await run('{ review(id: "r1") { product { averageScore } } }')).data).toEqual({
      review: { product: { averageScore: 3.5 } },
    });
    expect((await run('{ review(id: "r3") { product { __typename averageScore reviews { id } } } }')).data).toEqual({
      review: { product: { __typename: 'Film', averageScore: 3.5, reviews: [{ id: 'r3' }] } },
    });
  });

  it('answers lists of lists, unions and aliases that look like inherited properties', async () => {
    const { data, errors } = await run(`{
      grid { id reviews { body } }
      search { __typename ... on Book { constructor: title inStock } ... on User { __proto__: name } ... on Film { director { name } } }
    }`);
    expect(errors).toBeUndefined();
    expect(JSON.parse(JSON.stringify(data?.['grid']))).toEqual([
      [{ id: 'p1', reviews: [{ body: 'good' }, { body: 'bad' }] }, null, { id: 'p2', reviews: [{ body: 'long' }] }],
      [],
      [
        { id: 'p3', reviews: [{ body: 'dull' }] },
        { id: 'p1', reviews: [{ body: 'good' }, { body: 'bad' }] },
      ],
    ]);
    expect(JSON.stringify(data?.['search'])).toBe(
      '[{"__typename":"Book","constructor":"Graphs","inStock":true},{"__typename":"User","__proto__":"Ben"},' +
        '{"__typename":"Film","director":{"name":"Ben"}},{"__typename":"User","__proto__":"Ada"}]',
    );
  });

  it('honours skip and include, defaults and coercion of variables', async () => {
    const text =
      'query ($a: Boolean = false, $b: Boolean!, $n: Int = 1) { me { name @include(if: $a) role @skip(if: $b) wishes(first: $n) { id } } }';
    expect((await run(text, { b: true })).data).toEqual({ me: { wishes: [{ id: 'p1' }] } });
    expect((await run(text, { a: true, b: false, n: 0 })).data).toEqual({
      me: { name: 'Ada', role: 'STAFF', wishes: [] },
    });
    const { data, errors } = await run(text, { b: 'no' });
    expect(data).toBeUndefined();
    expect(errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('takes variables whose names look like inherited properties', async () => {
    const text =
      'query ($constructor: ID = "u2", $toString: Int, $__proto__: Boolean = true) { user(id: $constructor) { id @include(if: $__proto__) wishes(first: $toString) { id } } }';
    expect((await run(text)).data).toEqual({ user: { id: 'u2', wishes: [{ id: 'p1' }, { id: 'p2' }] } });
    const given = JSON.parse('{"constructor":"u3","toString":1,"__proto__":false}') as Record<string, unknown>;
    expect((await run(text, given)).data).toEqual({ user: { wishes: [] } });
  });

  it('answers introspection itself, and hides what is inaccessible', async () => {
    const { data } = await run(
      'query ($t: String!) { __typename s: __schema { queryType { name } } __type(name: $t) { fields { name } } r: __type(name: "Role") { enumValues { name } } }',
      { t: 'Person' },
    );
    expect(data).toEqual({
      __typename: 'Query',
      s: { queryType: { name: 'Query' } },
      __type: { fields: [{ name: 'id' }, { name: 'name' }] },
      r: { enumValues: [{ name: 'CUSTOMER' }, { name: 'STAFF' }] },
    });
    expect(JSON.stringify(await run('{ __type(name: "User") { fields { name } } }'))).not.toContain('passwordHash');
  });

  it('refuses the variable name that the planner needs for itself', async () => {
    await expect(
      run('query ($representations: ID!) { user(id: $representations) { id } }', { representations: 'u1' }),
    ).rejects.toThrow('reserved');
  });

  it('refuses a graph with @fromContext when it is loaded', () => {
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@context", "@fromContext"])';
    const { sdl } = composeSupergraph([
      {
        name: 'accounts',
        url: '',
        sdl: `${link}
          type Query { tenant: Tenant }
          type Tenant @key(fields: "id") @context(name: "tenant") { id: ID! currency: String! bill: Bill }
          type Bill @key(fields: "id") { id: ID! sum(in: String @fromContext(field: "$tenant { currency }")): Int }`,
      },
    ]);
    const load = (): FederatedEngine => new FederatedEngine({ supergraphSdl: sdl, transports: shopTransports() });
    expect(load).toThrow('@fromContext');
  });
});
