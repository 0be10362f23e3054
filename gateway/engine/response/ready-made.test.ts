import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  isObjectType,
  Kind,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { gatewayOperation } from '../../testing/gateway-operation.js';
import { ARCHIVE } from '../../testing/archive-graph.js';
import { decided } from '../../testing/decided-operation.js';
import { faultySchemas, noFaults } from '../../testing/faulty-graph.js';
import { interceptTransports } from '../../testing/intercept-transport.js';
import { OperationWriter, randomNumbers } from '../../testing/random-operation.js';
import { SHOP } from '../../testing/shop-graph.js';
import { schemasOf, supergraphSdlOf, type ResolverMap, type TestGraph } from '../../testing/test-graph.js';
import { InProcessTransport } from '../../transports/in-process-transport.js';
import type { SubgraphTransport } from '../../transports/subgraph-transport.js';
import { FederatedEngine } from '../federated-engine.js';

const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? 300);

async function execute(engine: FederatedEngine, document: DocumentNode): Promise<ExecutionResult> {
  return engine.execute({
    operation: gatewayOperation(document),
    variables: {},
    context: {},
  });
}

/** Selects keys first, as fetches do, and all by their own names: more of what subgraphs answer is as the client wants it. */
function likeFetches(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  const types = new TypeInfo(schema);
  const key: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: 'id' } };
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: { leave: (field) => ({ ...field, alias: undefined }) },
      SelectionSet(set) {
        const type = types.getParentType();
        if (!isObjectType(type) || !type.getFields()['id']) return undefined;
        return { ...set, selections: [key, ...set.selections] };
      },
    }),
  );
}

/** Objects of answers as subgraphs made them. */
class Answered {
  readonly #objects = new WeakSet<object>();

  /** Transports that the engine trusts, whose answers are remembered. */
  remembering(schemas: ReadonlyMap<string, GraphQLSchema>): Map<string, SubgraphTransport> {
    return new Map(
      [...schemas].map(([name, schema]) => {
        const transport = new InProcessTransport(schema);
        const compile: SubgraphTransport['compile'] = (operation) => {
          const fetch = transport.compile(operation);
          return async (call) => {
            const result = await fetch(call);
            this.#remember(result.data);
            return result;
          };
        };
        const subscribe: SubgraphTransport['subscribe'] = async (request) => transport.subscribe(request);
        return [name, { representationForm: 'object', schema, compile, subscribe }];
      }),
    );
  }

  #remember(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    this.#objects.add(value);
    for (const item of Object.values(value)) this.#remember(item);
  }

  /** How many objects of a response are those. */
  countIn(value: unknown): number {
    if (typeof value !== 'object' || value === null) return 0;
    const isOne = !Array.isArray(value) && this.#objects.has(value);
    return Object.values(value).reduce((sum: number, item) => sum + this.countIn(item), isOne ? 1 : 0);
  }
}

/** How many objects of an answer are just those that a subgraph answered with a hidden type name. */
function namedObjects(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const isNamed = '__typename' in value && !Object.hasOwn(value, '__typename');
  return Object.values(value).reduce((sum: number, item) => sum + namedObjects(item), isNamed ? 1 : 0);
}

/** The same transports, of which the engine does not know that their answers can be taken as they are. */
function distrusted(transports: ReadonlyMap<string, SubgraphTransport>): Map<string, SubgraphTransport> {
  return interceptTransports(transports, () => async (next) => next());
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12",
  import: ["@key", "@shareable", "@inaccessible", "@external", "@requires", "@provides"])`;

const BOOKS = ['a', 'b', 'c', 'd'].map((id, index) => ({
  __typename: 'Book',
  id,
  title: `Title ${id}`,
  pages: index === 2 ? null : 100 + index,
  tags: [`tag ${index}`, null],
  author: { id: `author ${index % 2}`, name: `Name ${index % 2}` },
}));
const bookOf = ({ id }: { id: string }): object | null => BOOKS.find((book) => book.id === id) ?? null;
const [A, B, C, D] = BOOKS;

/** Shelves with books, of which other subgraphs know more: objects of one type each, as most graphs are. */
const SHELVES: TestGraph<'shelves' | 'stock' | 'authors'> = {
  name: 'shelves',
  sdl: {
    shelves: `${LINK}
      type Query { shelf: Shelf shelves: [[Shelf!]!]! book(id: ID!): Book }
      type Shelf @key(fields: "id") { id: ID! books: [Book] best: Book place: Place! genre: Genre sign: Genre! }
      type Book @key(fields: "id") { id: ID! title: String! @shareable pages: Int tags: [String] author: Author! @provides(fields: "name") }
      type Author @key(fields: "id") { id: ID! name: String @external }
      type Place { aisle: Int! level: Float on: Shelf }
      enum Genre { POETRY SECRET @inaccessible }`,
    stock: `${LINK}
      type Query { newest: Book! }
      type Book @key(fields: "id") { id: ID! copies: Int! title: String! @shareable price: Price shelf: Shelf }
      type Price @shareable { amount: Float! currency: String }
      type Shelf @key(fields: "id") { id: ID! capacity: Int! }`,
    authors: `${LINK}
      type Query { authors: [Author!]! }
      type Author @key(fields: "id") { id: ID! name: String @shareable born: Int books: [Book!] isKnown: Boolean! }
      type Book @key(fields: "id") { id: ID! pages: Int @external length: String @requires(fields: "pages") }`,
  },
  resolvers: (): Record<'shelves' | 'stock' | 'authors', ResolverMap> => {
    const shelf = {
      id: 's',
      genre: 'SECRET',
      sign: 'POETRY',
      books: [A, { id: 'gone', title: 'Title gone' }, null, B],
      best: C,
      place: { aisle: 1, level: 0.5 },
    };
    const second = { ...shelf, id: 't', genre: 'POETRY', books: [D], best: null, place: { aisle: 2, level: null } };
    return {
      shelves: {
        Query: {
          shelf: () => shelf,
          shelves: () => [[shelf, second], []],
          book: (_: unknown, key: { id: string }) => bookOf(key),
        },
        Shelf: { __resolveReference: ({ id }: { id: string }) => (id === 's' ? shelf : second) },
        Book: { __resolveReference: bookOf },
        Place: { on: () => second },
      },
      stock: {
        Query: { newest: () => ({ id: 'd', title: 'Title d' }) },
        Book: {
          __resolveReference: ({ id }: { id: string }) =>
            id === 'gone' ? null : { id, copies: id.charCodeAt(0), title: `Title ${id}` },
          price: ({ copies }: { copies?: number }) => (copies === 98 ? null : { amount: 1.5, currency: 'EUR' }),
          shelf: () => ({ id: 't' }),
        },
        Shelf: { __resolveReference: (key: object) => key, capacity: () => 7 },
      },
      authors: {
        Query: { authors: () => [{ id: 'author 0' }, { id: 'author 1' }] },
        Author: {
          __resolveReference: (key: object) => key,
          name: ({ id }: { id: string }) => id.replace('author', 'Name'),
          born: () => 1900,
          books: ({ id }: { id: string }) =>
            BOOKS.filter((book) => book.author.id === id).map(({ id: key }) => ({ id: key })),
          isKnown: () => true,
        },
        Book: {
          __resolveReference: (key: object) => key,
          length: ({ pages }: { pages?: number }) => `${pages} pages`,
          sold: () => 3,
        },
      },
    };
  },
  interfaceObjects: [],
  ids: ['a', 'b', 'gone'],
  depth: 3,
};

describe.each<{ graph: TestGraph; takenMin: number }>([
  { graph: SHELVES, takenMin: COUNT / 4 },
  // Of abstract types, what is fetched has the order of no client.
  { graph: SHOP, takenMin: 0 },
  { graph: ARCHIVE, takenMin: 0 },
])('on the $graph.name graph', ({ graph, takenMin }) => {
  it(
    `${COUNT} random operations are answered by the same text as when all is shaped`,
    { timeout: 3_600_000 },
    async () => {
      const faults = noFaults();
      const answered = new Answered();
      const transports = answered.remembering(faultySchemas(graph, faults));
      const supergraphSdl = supergraphSdlOf(graph);
      const trusting = new FederatedEngine({ supergraphSdl, transports });
      const shaping = new FederatedEngine({ supergraphSdl, transports: distrusted(transports) });
      let [compared, taken, named, failing] = [0, 0, 0, 0];
      for (let seed = 1; compared < COUNT; seed++) {
        const text = new OperationWriter(trusting.apiSchema, graph.ids, randomNumbers(seed), { depth: 4 }).write();
        const plain = decided(parse(text), { yes: true, no: false });
        const document = seed % 3 === 0 ? plain : likeFetches(trusting.apiSchema, plain);
        if (validate(trusting.apiSchema, document).length > 0) continue;
        compared++;
        Object.assign(faults, {
          seed,
          fieldChance: seed % 2 === 0 ? 0.05 : 0,
          entityChance: seed % 4 === 1 ? 0.1 : 0,
        });
        const [ours, shaped] = [await execute(trusting, document), await execute(shaping, document)];
        expect(JSON.stringify(ours), `in operation ${seed}: ${text}`).toBe(JSON.stringify(shaped));
        taken += answered.countIn(ours.data);
        named += namedObjects(ours.data);
        if (ours.errors) failing++;
      }
      process.stdout.write(
        `ready made, ${graph.name}: in ${COUNT} answers, ${failing} with errors, ${taken} objects are as subgraphs made them, ${named} of them with a hidden name\n`,
      );
      expect(taken).toBeGreaterThan(takenMin);
      expect(named).toBeGreaterThan(0);
      expect(failing).toBeGreaterThan(0);
      await Promise.all([trusting.close(), shaping.close()]);
    },
  );
});

describe('what a subgraph in this process answers', () => {
  const transports = new Map([...schemasOf(SHELVES)].map(([name, schema]) => [name, new InProcessTransport(schema)]));
  const engine = new FederatedEngine({ supergraphSdl: supergraphSdlOf(SHELVES), transports });
  const ask = async (query: string): Promise<ExecutionResult> => execute(engine, parse(query));

  it('is the response where both are alike', async () => {
    const { data } = await ask('{ shelf { books { id title } } }');
    expect(JSON.stringify(data)).toBe(
      '{"shelf":{"books":[{"id":"a","title":"Title a"},{"id":"gone","title":"Title gone"},null,{"id":"b","title":"Title b"}]}}',
    );
  });

  it('is taken with what other subgraphs add to it, and does not show that its type was asked for', async () => {
    const { data } = await ask('{ book(id: "a") { id title copies price { amount currency } } }');
    expect(JSON.stringify(data)).toBe(
      '{"book":{"id":"a","title":"Title a","copies":97,"price":{"amount":1.5,"currency":"EUR"}}}',
    );
    expect(namedObjects(data)).toBe(1);
  });

  it('is shaped where another subgraph knows nothing of an object', async () => {
    const { data } = await ask('{ shelf { books { id copies } } }');
    expect(JSON.stringify(data)).toBe('{"shelf":{"books":[{"id":"a","copies":97},null,null,{"id":"b","copies":98}]}}');
    expect(namedObjects(data)).toBe(0);
  });

  it('shows the name of its type to who asks, where it is asked for', async () => {
    const { data } = await ask('{ shelf { books { title kind: __typename copies __typename } } }');
    expect(JSON.stringify(data)).toContain('{"title":"Title a","kind":"Book","copies":97,"__typename":"Book"}');
  });

  it('is shaped where the graph hides values of an enum', async () => {
    expect(await ask('{ shelf { genre } }')).toEqual({ data: { shelf: { genre: null } } });
  });

  it('is in the order of the client', async () => {
    const { data } = await ask('{ shelf { books { copies title id } } }');
    expect(JSON.stringify(data)).toContain('{"copies":97,"title":"Title a","id":"a"}');
  });

  it('is shaped where another subgraph passed on less than it was asked for', async () => {
    const lazy = buildSubgraphSchema([{ typeDefs: parse(SHELVES.sdl.stock), resolvers: SHELVES.resolvers().stock }]);
    const stock = new InProcessTransport(lazy);
    const forgetful: SubgraphTransport = {
      representationForm: 'object',
      schema: lazy,
      compile: () => () => ({ data: { _entities: [undefined, undefined, undefined] } }),
      subscribe: async (request) => stock.subscribe(request),
    };
    const other = new FederatedEngine({
      supergraphSdl: supergraphSdlOf(SHELVES),
      transports: new Map<string, SubgraphTransport>([...transports, ['stock', forgetful]]),
    });
    const { data, errors } = await execute(other, parse('{ shelf { books { id copies } } }'));
    expect(JSON.stringify(data)).toBe('{"shelf":{"books":[null,null,null,null]}}');
    expect(errors?.length).toBeGreaterThan(0);
    await other.close();
  });
});
