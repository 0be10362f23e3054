import { parse, validate, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { gatewayOperation } from '../../testing/gateway-operation.js';
import { interceptTransport, interceptTransports, scriptedTransport } from '../../testing/intercept-transport.js';
import { shopSupergraph, shopTransports } from '../../testing/shop-graph.js';
import { shopResolvers } from '../../testing/shop-resolvers.js';
import type { SubgraphTransport } from '../../transports/subgraph-transport.js';
import type { ExecutionRequest, IncrementalResult, SubsequentResult } from '../engine.js';
import { FederatedEngine } from '../federated-engine.js';

function engineOver(transports: ReadonlyMap<string, SubgraphTransport> = shopTransports()): FederatedEngine {
  return new FederatedEngine({ supergraphSdl: shopSupergraph().sdl, transports });
}

function requestOf(
  engine: FederatedEngine,
  text: string,
  variables: ExecutionRequest['variables'] = {},
): ExecutionRequest {
  const document = parse(text);
  const [invalid] = validate(engine.apiSchema, document);
  if (invalid) throw invalid;
  return { operation: gatewayOperation(document), variables, context: {} };
}

async function incrementally(engine: FederatedEngine, request: ExecutionRequest): Promise<IncrementalResult> {
  const result = await engine.executeIncrementally(request);
  if (!('initial' in result)) throw new Error(`nothing was deferred: ${JSON.stringify(result)}`);
  return result;
}

/** The initial part and everything after it. */
async function partsOf(engine: FederatedEngine, text: string, variables = {}): Promise<[unknown, SubsequentResult[]]> {
  const { initial, subsequent } = await incrementally(engine, requestOf(engine, text, variables));
  return [initial, JSON.parse(JSON.stringify(await Array.fromAsync(subsequent))) as SubsequentResult[]];
}

const SLOW = '{ me { name ... @defer { reviews { body } } } }';

describe('an operation with @defer', () => {
  it('answers what is not deferred first, and the rest with label, path and hasNext', async () => {
    const [initial, parts] = await partsOf(
      engineOver(),
      '{ me { name ... @defer(label: "later") { reviews { body product { id } } } } }',
    );
    expect(initial).toEqual({ data: { me: { name: 'Ada' } }, hasNext: true });
    const reviews = [{ body: 'good', product: { id: 'p1' } }, { body: 'long', product: { id: 'p2' } }, null];
    expect(parts).toEqual([{ incremental: [{ data: { reviews }, path: ['me'], label: 'later' }], hasNext: false }]);
  });

  it('answers the initial part before the deferred fetch is done', async () => {
    const transports = shopTransports();
    const gate = Promise.withResolvers<void>();
    transports.set(
      'reviews',
      interceptTransport(transports.get('reviews') as SubgraphTransport, async (next) => {
        await gate.promise;
        return next();
      }),
    );
    const engine = engineOver(transports);
    const { initial, subsequent } = await incrementally(engine, requestOf(engine, SLOW));
    expect(initial.data).toEqual({ me: { name: 'Ada' } });
    gate.resolve();
    expect((await subsequent.next()).value).toMatchObject({ hasNext: false });
  });

  it('answers one part for each item of a list, and only for those that have it', async () => {
    const [initial, parts] = await partsOf(engineOver(), '{ products { id ... on Book @defer { inStock } } }');
    expect(initial).toMatchObject({ data: { products: [{ id: 'p1' }, { id: 'p2' }, { id: 'p3' }, { id: 'p4' }] } });
    expect(parts).toEqual([
      {
        incremental: [
          { data: { inStock: true }, path: ['products', 0] },
          { data: { inStock: false }, path: ['products', 2] },
        ],
        hasNext: false,
      },
    ]);
  });

  it('answers parts inside parts, after them, also of a fragment that is spread twice', async () => {
    const [initial, parts] = await partsOf(
      engineOver(),
      `{ a: review(id: "r1") { id ...R @defer(label: "outer") } b: review(id: "r2") { ...R @defer } }
       fragment R on Review { body ... @defer(label: "inner") { helpful } }`,
    );
    expect(initial).toMatchObject({ data: { a: { id: 'r1' }, b: {} }, hasNext: true });
    const patches = parts.flatMap(({ incremental = [] }) => incremental);
    expect(patches).toHaveLength(4);
    expect(patches).toEqual(
      expect.arrayContaining([
        { data: { body: 'good' }, path: ['a'], label: 'outer' },
        { data: { helpful: 1 }, path: ['a'], label: 'inner' },
        { data: { body: 'bad' }, path: ['b'] },
        { data: { helpful: 2 }, path: ['b'], label: 'inner' },
      ]),
    );
    for (const path of ['a', 'b']) {
      const ofPath = patches
        .filter((patch) => patch.path[0] === path)
        .map(({ data }) => Object.keys(data as object)[0]);
      expect(ofPath).toEqual(['body', 'helpful']);
    }
    expect(parts.map(({ hasNext }) => hasNext)).toEqual(parts.map((_, index) => index < parts.length - 1));
  });

  it('asks for fields of the concrete type where only the part that follows tells which it is', async () => {
    const [initial, parts] = await partsOf(
      engineOver(),
      '{ review(id: "r1") { product { averageScore ... @defer { id ... on Book { __typename weight pages } } } } }',
    );
    expect(initial).toEqual({ data: { review: { product: { averageScore: 3.5 } } }, hasNext: true });
    const data = { id: 'p1', __typename: 'Book', weight: 700, pages: 300 };
    expect(parts).toEqual([{ incremental: [{ data, path: ['review', 'product'] }], hasNext: false }]);
  });

  it('defers only if the variable says so', async () => {
    const engine = engineOver();
    const text = 'query ($later: Boolean! = false) { me { name ... @defer(if: $later) { role } } }';
    expect(await engine.executeIncrementally(requestOf(engine, text))).toEqual({
      data: { me: { name: 'Ada', role: 'STAFF' } },
    });
    const [initial, parts] = await partsOf(engine, text, { later: true });
    expect(initial).toEqual({ data: { me: { name: 'Ada' } }, hasNext: true });
    expect(parts).toEqual([{ incremental: [{ data: { role: 'STAFF' }, path: ['me'] }], hasNext: false }]);
  });

  it('is answered whole by those who take no parts', async () => {
    const engine = engineOver();
    expect(await engine.execute(requestOf(engine, '{ me { name ... @defer { role } } }'))).toEqual({
      data: { me: { name: 'Ada', role: 'STAFF' } },
    });
  });

  it('defers root fields, and fields of what a mutation answers', async () => {
    const [initial, parts] = await partsOf(engineOver(), '{ ... @defer { me { name } } products { id } }');
    expect(initial).toMatchObject({ data: { products: expect.any(Array) as unknown } });
    expect(parts).toEqual([{ incremental: [{ data: { me: { name: 'Ada' } }, path: [] }], hasNext: false }]);
    const [renamed, after] = await partsOf(
      engineOver(),
      'mutation { userRename(id: "u1", name: "x") { name ... @defer { reviews { body } } } }',
    );
    expect(renamed).toEqual({ data: { userRename: { name: 'x' } }, hasNext: true });
    expect(after[0]?.incremental?.[0]?.path).toEqual(['userRename']);
  });

  it('leaves nothing that a mutation does for later, and does it in the order of the operation', async () => {
    const done: string[] = [];
    const transports = interceptTransports(shopTransports(), (name) => async (next, _call, { kind }) => {
      if (kind === 'mutation') done.push(name);
      return next();
    });
    const [initial, parts] = await partsOf(
      engineOver(transports),
      `mutation {
        ... @defer { first: userRename(id: "u1", name: "x") { name } ...Rest }
        last: reviewAdd(product: "p2", body: "y") { body }
      }
      fragment Rest on Mutation {
        ... @defer { second: reviewAdd(product: "p1", body: "y") { body ... @defer { helpful } } }
        third: userRename(id: "u2", name: "z") { name }
      }`,
    );
    expect(initial).toEqual({
      data: { first: { name: 'x' }, second: { body: 'y' }, third: { name: 'z' }, last: { body: 'y' } },
      hasNext: true,
    });
    expect(parts).toEqual([{ incremental: [{ data: { helpful: 9 }, path: ['second'] }], hasNext: false }]);
    expect(done).toEqual(['accounts', 'reviews', 'accounts', 'reviews']);
  });

  it('says that nothing more comes when the parts belong to nothing', async () => {
    const engine = engineOver();
    const request = requestOf(engine, '{ user(id: "u9") { name ... @defer { reviews { body } } } }');
    expect(await engine.executeIncrementally(request)).toEqual({ data: { user: null } });
  });
});

describe('errors of an operation with @defer', () => {
  const failing = scriptedTransport(async () => {
    throw new PlatformError('UNAVAILABLE', 'down');
  });

  it('stand in the part that they belong to, with their paths from the root', async () => {
    const [initial, parts] = await partsOf(engineOver(shopTransports().set('reviews', failing)), SLOW);
    expect(initial).toEqual({ data: { me: { name: 'Ada' } }, hasNext: true });
    expect(parts).toMatchObject([
      {
        incremental: [
          {
            data: { reviews: null },
            path: ['me'],
            errors: [{ message: 'down', path: ['me', 'reviews'], extensions: { code: 'UNAVAILABLE' } }],
          },
        ],
        hasNext: false,
      },
    ]);
  });

  it('null a part whose field may not be null, and leave the others', async () => {
    const transports = shopTransports().set('shipping', failing);
    const [initial, parts] = await partsOf(
      engineOver(transports),
      '{ product(id: "p1") { id ... on Book @defer(label: "stock") { inStock } ... @defer(label: "text") { title } } }',
    );
    expect(initial).toMatchObject({ data: { product: { id: 'p1' } } });
    const patches = parts.flatMap(({ incremental = [] }) => incremental);
    expect(patches.find(({ label }) => label === 'text')).toEqual({
      data: { title: 'Graphs' },
      path: ['product'],
      label: 'text',
    });
    expect(patches.find(({ label }) => label === 'stock')).toMatchObject({
      data: null,
      path: ['product'],
      errors: [{ message: 'down', path: ['product', 'inStock'] }],
    });
  });

  it('stand once in the part of the object that has them, if no field that was asked for does', async () => {
    const resolvers = shopResolvers();
    const weight = ({ id, weight: known }: Record<string, unknown>): unknown => {
      if (id === 'p3') throw new Error('not weighed');
      return known;
    };
    resolvers.products.Book = { ...resolvers.products.Book, weight };
    const [, parts] = await partsOf(
      engineOver(shopTransports(resolvers)),
      '{ products { id ... on Book @defer { shippingCost } } }',
    );
    expect(parts.flatMap(({ incremental = [] }) => incremental)).toMatchObject([
      { path: ['products', 0], data: { shippingCost: 700 } },
      { path: ['products', 2], errors: [{ message: 'not weighed', path: ['products', 2, 'weight'] }] },
    ]);
    expect(parts[0]?.incremental?.[0]).not.toHaveProperty('errors');
  });

  it('send no part for an object that became null', async () => {
    const resolvers = shopResolvers();
    resolvers.reviews.Review.product = () => null;
    const engine = engineOver(shopTransports(resolvers));
    const request = requestOf(engine, '{ review(id: "r1") { ... @defer { helpful } product { id } } }');
    const result = await engine.executeIncrementally(request);
    expect(result).toMatchObject({ data: { review: null }, errors: [{ path: ['review', 'product'] }] });
  });

  it('explain a denied field in the part where it stands', async () => {
    const engine = engineOver();
    const request = requestOf(engine, '{ me { name ... @defer { email role } } }');
    // As access rules do: what is fetched is what is asked for, without some fields.
    const document = visit(request.operation.document, {
      Field: ({ name }) => (name.value === 'email' ? null : undefined),
    });
    const operation = {
      ...request.operation,
      fetched: gatewayOperation(document).fetched,
      denials: { missing: (_: string, field: string) => (field === 'email' ? 'user.email.read' : undefined) },
    };
    const { initial, subsequent } = await incrementally(engine, { ...request, operation });
    expect(initial).toEqual({ data: { me: { name: 'Ada' } }, hasNext: true });
    expect((await subsequent.next()).value).toMatchObject({
      incremental: [
        {
          data: { email: null, role: 'STAFF' },
          errors: [{ path: ['me', 'email'], extensions: { code: 'FORBIDDEN' } }],
        },
      ],
    });
  });
});

describe('a client that leaves an answer in parts', () => {
  function hanging(): { transports: Map<string, SubgraphTransport>; signals: AbortSignal[] } {
    const signals: AbortSignal[] = [];
    const transport = scriptedTransport(
      async ({ signal }) =>
        new Promise((_, reject) => {
          if (!signal) return;
          signals.push(signal);
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        }),
    );
    return { transports: shopTransports().set('reviews', transport), signals };
  }

  it('ends the fetches that run, and gets nothing more', async () => {
    const { transports, signals } = hanging();
    const engine = engineOver(transports);
    const { subsequent } = await incrementally(engine, requestOf(engine, SLOW));
    const waiting = subsequent.next();
    expect(signals[0]?.aborted).toBe(false);
    await subsequent.return();
    expect(signals[0]?.aborted).toBe(true);
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await subsequent.next()).toEqual({ done: true, value: undefined });
  });

  it('is told in each part that is missing when the time is up', async () => {
    const { transports } = hanging();
    const engine = engineOver(transports);
    const deadline = new AbortController();
    const request = { ...requestOf(engine, SLOW), signal: deadline.signal };
    const { subsequent } = await incrementally(engine, request);
    deadline.abort(new PlatformError('TIMEOUT', 'The time is up.'));
    const [last] = await Array.fromAsync(subsequent);
    expect(last).toMatchObject({ incremental: [{ path: ['me'] }], hasNext: false });
    expect(last?.incremental?.[0]?.errors?.map(({ extensions }) => extensions['code'])).toContain('TIMEOUT');
  });
});
