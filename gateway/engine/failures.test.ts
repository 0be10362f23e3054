import { GraphQLError, parse, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { scriptedTransport } from '../testing/intercept-transport.js';
import { shopSupergraph, shopTransports, type ShopService } from '../testing/shop-graph.js';
import { shopResolvers, type ShopResolvers } from '../testing/shop-resolvers.js';
import type { SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import { FederatedEngine } from './federated-engine.js';

async function run(text: string, transports: Map<string, SubgraphTransport>): Promise<ExecutionResult> {
  const engine = new FederatedEngine({ supergraphSdl: shopSupergraph().sdl, transports });
  const document = parse(text);
  return engine.execute({
    operation: gatewayOperation(document),
    variables: {},
    context: {},
  });
}

function failing(
  service: ShopService,
  type: string,
  field: string,
  matches: (source: Record<string, unknown>) => boolean,
): ShopResolvers {
  const resolvers = shopResolvers();
  const original = resolvers[service][type][field];
  resolvers[service][type][field] = (source: Record<string, unknown>, ...rest: unknown[]): unknown => {
    if (matches(source)) throw new GraphQLError(`${type}.${field} failed`, { extensions: { code: 'CONFLICT' } });
    return original ? original(source, ...rest) : source[field];
  };
  return resolvers;
}

function withSubgraph(service: ShopService, execute: () => Promise<SubgraphResult>): Map<string, SubgraphTransport> {
  const transports = shopTransports();
  transports.set(service, scriptedTransport(execute, execute));
  return transports;
}

function faults(result: ExecutionResult): unknown[] {
  return (result.errors ?? []).map(({ message, path }) => [message, path?.join('.')]);
}

describe('an entity that its owner does not know, or does not show', () => {
  const resolvers = shopResolvers();
  resolvers.shipping['Book'] = { ...resolvers.shipping['Book'], __resolveReference: () => null };
  const hidden = shopTransports(resolvers);

  it('is null without an error where it may be', async () => {
    const result = await run('{ product(id: "p1") { id ... on Book { inStock } } me { name } }', hidden);
    expect(result).toEqual({ data: { product: null, me: { name: 'Ada' } } });
  });

  it('is said not to exist where nothing up to the root may be null', async () => {
    const { data, errors } = await run('{ products { id ... on Book { inStock } } }', hidden);
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });
});

describe('failures of subgraphs', () => {
  it('reports an error of an entity that appears twice at both places, with the indices of the response', async () => {
    const resolvers = failing('reviews', 'Product', 'averageScore', ({ id }) => id === 'p1');
    const result = await run('{ grid { id mean: averageScore } }', shopTransports(resolvers));
    expect(faults(result)).toEqual([
      ['Product.averageScore failed', 'grid.0.0.mean'],
      ['Product.averageScore failed', 'grid.2.1.mean'],
    ]);
    expect(result.data).toEqual({
      grid: [
        [{ id: 'p1', mean: null }, null, { id: 'p2', mean: 3.5 }],
        [],
        [
          { id: 'p3', mean: 3.5 },
          { id: 'p1', mean: null },
        ],
      ],
    });
    expect(result.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', service: 'reviews' });
  });

  it('reports an error at the field that has it, wherever the entity is, though only that field told the type', async () => {
    const resolvers = failing('products', 'Book', 'pages', ({ id }) => id === 'p1');
    const result = await run(
      '{ users { reviews { product { price again: price ... on Book { pages } } } } }',
      shopTransports(resolvers),
    );
    expect(faults(result)).toEqual([
      ['Book.pages failed', 'users.0.reviews.0.product.pages'],
      ['Book.pages failed', 'users.1.reviews.0.product.pages'],
    ]);
    const book = { product: { price: null, again: null } };
    const film = { product: { price: 12, again: 12 } };
    expect(result.data).toEqual({
      users: [{ reviews: [book, film, null] }, { reviews: [book, null] }, { reviews: [null] }],
    });
  });

  it('says of an object that its type was not told, if nothing failed there, whatever failed elsewhere', async () => {
    const resolvers = failing('accounts', 'User', 'email', () => true);
    resolvers.products.Product.__resolveReference = ({ id }: { id: string }) =>
      id === 'p1' ? null : { __typename: 'Film', id };
    const text = '{ me { email } review(id: "r1") { product { __typename } } }';
    expect(faults(await run(text, shopTransports(resolvers)))).toEqual([
      ['User.email failed', 'me.email'],
      [expect.stringContaining('no subgraph told the concrete type'), 'review.product.__typename'],
    ]);
  });

  it('says of an object whose type was not told what failed there', async () => {
    const resolvers = failing('products', 'Book', 'title', ({ id }) => id === 'p1');
    const text = '{ users { reviews { product { __typename title } } } }';
    expect(faults(await run(text, shopTransports(resolvers)))).toEqual([
      ['Book.title failed', 'users.0.reviews.0.product.title'],
      ['Book.title failed', 'users.1.reviews.0.product.title'],
    ]);
  });

  it('reports an error wherever the entity is, though a field before it is why that is null', async () => {
    const resolvers = failing('reviews', 'Review', 'body', ({ id }) => id === 'r1');
    const result = await run('{ grid { first: reviews { id } second: reviews { body } } }', shopTransports(resolvers));
    expect(faults(result)).toEqual([
      ['Review.body failed', 'grid.0.0.second.0.body'],
      ['Review.body failed', 'grid.2.1.second.0.body'],
    ]);
  });

  it('gives exact list indices though some entities of the list are not fetched', async () => {
    const resolvers = failing('shipping', 'Book', 'inStock', ({ id }) => id === 'p3');
    const result = await run('{ products { title ... on Book { inStock } } }', shopTransports(resolvers));
    expect(faults(result)).toEqual([['Book.inStock failed', 'products.2.inStock']]);
    expect(result.data).toBeNull();
  });

  it('nulls the nearest nullable parent', async () => {
    const resolvers = failing('products', 'User', 'wishes', ({ id }) => id === 'u2');
    const result = await run(
      '{ search { ... on User { name wishes { id } } } me { name } }',
      shopTransports(resolvers),
    );
    expect(faults(result)).toEqual([['User.wishes failed', 'search.1.wishes']]);
    expect(result.data).toEqual({ search: null, me: { name: 'Ada' } });
  });

  it('costs only its own fields when a subgraph is down, and names each of them', async () => {
    const down = withSubgraph('reviews', async () => {
      throw new PlatformError('UNAVAILABLE', 'The subgraph "reviews" does not answer.');
    });
    const result = await run(
      '{ me { name notes: secretNotes { text } role reviews { id } } review(id: "r1") { id } }',
      down,
    );
    expect(result.data).toEqual({ me: { name: 'Ada', notes: null, role: 'STAFF', reviews: null }, review: null });
    expect(faults(result).map((fault) => (fault as string[])[1])).toEqual(['me.notes', 'me.reviews', 'review']);
    expect(result.errors?.[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true, service: 'reviews' });
  });

  it('passes the reason on to the fields that needed the failed one', async () => {
    const down = withSubgraph('products', async () => {
      throw new PlatformError('UNAVAILABLE', 'down');
    });
    const dependent = await run('{ me { favourite { averageScore } } }', down);
    expect(dependent.data).toEqual({ me: { favourite: null } });
    expect(faults(dependent)).toEqual([['down', 'me.favourite']]);
    const ofUnknownType = await run('{ review(id: "r1") { product { ... on Book { shippingCost } id } } }', down);
    expect(ofUnknownType.data).toEqual({ review: { product: { id: 'p1' } } });
    expect(faults(ofUnknownType)).toEqual([['down', undefined]]);
  });

  it.each<[string, SubgraphResult]>([
    ['no data and no errors', {}],
    ['too few entities', { data: { _entities: [] } }],
    ['something else than entities', { data: { _entities: 'none' } }],
  ])('survives a subgraph that answers %s', async (_, answer) => {
    const result = await run(
      '{ me { name reviews { id } } }',
      withSubgraph('reviews', async () => answer),
    );
    expect(result.data).toEqual({ me: { name: 'Ada', reviews: null } });
    expect(result.errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([
      [['me', 'reviews'], 'UNAVAILABLE'],
    ]);
  });

  it.each<[string, unknown]>([
    ['an object where a list belongs', { reviews: { id: 1 } }],
    ['a list where an object belongs', { secretNotes: [1] }],
    ['a number for a string', { secretNotes: { text: 7 } }],
    ['null for a non-null field', { secretNotes: { text: null } }],
  ])('nulls and reports %s', async (_, entity) => {
    const lying = withSubgraph('reviews', async () => ({ data: { _entities: [entity] } }));
    const result = await run('{ me { name reviews { id } secretNotes { text } } }', lying);
    expect(result.data).toEqual({ me: { name: 'Ada', reviews: null, secretNotes: null } });
    expect(result.errors?.map(({ extensions }) => extensions['code'])).toEqual(['INTERNAL']);
  });
});
