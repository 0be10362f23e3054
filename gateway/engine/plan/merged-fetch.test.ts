import { parse, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { gatewayOperation } from '../../testing/gateway-operation.js';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { interceptTransport, interceptTransports, type Interception } from '../../testing/intercept-transport.js';
import { shopSupergraph, shopTransports } from '../../testing/shop-graph.js';
import { shopResolvers } from '../../testing/shop-resolvers.js';
import type { SubgraphCall, SubgraphOperation, SubgraphTransport } from '../../transports/subgraph-transport.js';
import { FederatedEngine } from '../federated-engine.js';

/** Both fields come from the subgraph `reviews`, at two places of one level. */
const TEXT = '{ products { id averageScore ... on Film { director { reviews { body } } } } }';
const DIRECTORS = [
  { id: 'p1', averageScore: 3.5 },
  { id: 'p2', averageScore: 3.5, director: { reviews: [{ body: 'bad' }, null] } },
  { id: 'p3', averageScore: 3.5 },
  { id: 'p4', averageScore: null, director: null },
];

interface Asked {
  readonly call: SubgraphCall;
  readonly operation: SubgraphOperation;
}

async function run(
  text: string,
  intercept: Interception = async (next) => next(),
  signal?: AbortSignal,
  asked: Asked[] = [],
): Promise<{ result: ExecutionResult; asked: Asked[] }> {
  const transports = interceptTransports(shopTransports(shopResolvers()), () => async (next, call, operation) => {
    if (operation.text.includes('inStock')) asked.push({ call, operation });
    return next();
  });
  const reviews = interceptTransport(transports.get('reviews') as SubgraphTransport, async (next, call, operation) => {
    asked.push({ call, operation });
    return intercept(next, call, operation);
  });
  const engine = new FederatedEngine({
    supergraphSdl: shopSupergraph().sdl,
    transports: transports.set('reviews', reviews),
  });
  const document = parse(text);
  const operation = gatewayOperation(document);
  const request = { operation, variables: {}, context: {}, ...(signal ? { signal } : {}) };
  return { result: await engine.execute(request), asked };
}

function pathsOf({ errors = [] }: ExecutionResult): unknown[] {
  return errors.map(({ message, path }) => [message, path?.join('.')]);
}

describe('fetches that begin together at one subgraph', () => {
  it('are one request with a variable of representations for each', async () => {
    const { result, asked } = await run(TEXT);
    expect(result).toEqual({ data: { products: DIRECTORS } });
    expect(asked).toHaveLength(1);
    const representations = Object.values(asked[0]?.call.representations ?? {});
    expect(new Set(representations.map((each) => each.length))).toEqual(new Set([1, 4]));
    expect(asked[0]?.operation.text).toMatch(/entities0:_entities\(.*entities1:_entities\(/);
  });

  it('are sent as they were planned where only one has anything to ask', async () => {
    const { result, asked } = await run(
      '{ products { ... on Film { director { reviews { body } } reviews { id } } } search(text: "x") { __typename } }',
    );
    expect(result.errors).toBeUndefined();
    const none = await run('{ product(id: "p1") { averageScore ... on Film { director { reviews { body } } } } }');
    expect(none.result).toEqual({ data: { product: { averageScore: 3.5 } } });
    expect(none.asked.map(({ operation }) => operation.text.includes('entities0'))).toEqual([false]);
    expect(asked).toHaveLength(1);
  });

  it('get each the errors that name it, at the places of the response', async () => {
    const { result } = await run(TEXT, async (next) => {
      const { data } = (await next()) as { data: Record<string, unknown[]> };
      const [alias] = Object.keys(data).filter((name) => data[name]?.length === 1);
      const entities = data[alias ?? ''] as ({ reviews: unknown } | null)[];
      if (entities[0]) entities[0].reviews = null;
      return { data, errors: [{ message: 'no reviews', path: [alias ?? '', 0, 'reviews'] }] };
    });
    expect(pathsOf(result)).toEqual([['no reviews', 'products.1.director.reviews']]);
    expect(result.data).toEqual({
      products: DIRECTORS.map((each) => (each.director ? { ...each, director: { reviews: null } } : each)),
    });
  });

  it('fail each for itself when the request fails', async () => {
    const { result } = await run(TEXT, async () => {
      throw new PlatformError('UNAVAILABLE', 'down');
    });
    expect(pathsOf(result)).toEqual([
      ['down', 'products.0.averageScore'],
      ['down', 'products.1.averageScore'],
      ['down', 'products.1.director.reviews'],
      ['down', 'products.2.averageScore'],
      ['down', 'products.3.averageScore'],
    ]);
  });

  it('are asked again one by one when another of them took them along', async () => {
    const { result, asked } = await run(TEXT, async (next, call) => {
      const names = Object.keys(call.representations ?? {});
      if (names.length === 1) return next();
      const failing = names.findIndex((name) => call.representations?.[name]?.length === 1);
      return { data: null, errors: [{ message: 'broken', path: [`entities${failing}`] }] };
    });
    expect(asked).toHaveLength(2);
    expect(pathsOf(result)).toEqual([['broken', 'products.1.director.reviews']]);
    expect(result.data).toMatchObject({ products: [{ id: 'p1', averageScore: 3.5 }, {}, {}, {}] });
  });

  it('do not change an answer that others hold, too', async () => {
    let shared: unknown;
    let before = '';
    const { result } = await run(TEXT, async (next) => {
      const answer = await next();
      shared = answer.data;
      before = JSON.stringify(shared);
      const errors = [{ message: 'late', path: ['entities0', 0, 'averageScore'] }];
      return { ...answer, errors, isShared: true };
    });
    expect(result.data).toBeDefined();
    expect(JSON.stringify(shared)).toBe(before);
  });
});

describe('an operation that is ended', () => {
  it('asks nothing more, and is refused with the reason', async () => {
    const deadline = new AbortController();
    const asked: Asked[] = [];
    const text = '{ review(id: "r1") { product { ... on Book { inStock } } author { role } } }';
    const refused = run(
      text,
      async (next) => {
        deadline.abort(new PlatformError('TIMEOUT', 'The time is up.'));
        return next();
      },
      deadline.signal,
      asked,
    );
    await expect(refused).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(asked.map(({ operation }) => operation.text.includes('review(id:'))).toEqual([true]);
  });
});
