import { buildSchema, Kind, parse, type OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { CostRules } from './cost-rules.js';
import { OperationCost } from './operation-cost.js';

const SDL = `
  directive @cost(weight: Int!) on FIELD_DEFINITION | OBJECT | ARGUMENT_DEFINITION | ENUM | SCALAR
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
  type Query {
    book(id: ID): Book
    bestsellers: [Book] @listSize(assumedSize: 5)
    newest(after: ID, limit: Int!): [Book] @listSize(slicingArguments: ["limit"])
    page(first: Int, last: Int): BookConnection! @listSize(assumedSize: 20, slicingArguments: ["first", "last"], sizedFields: ["nodes", "edges"], requireOneSlicingArgument: false)
    strict(first: Int, last: Int): [Book] @listSize(slicingArguments: ["first", "last"])
    nested(filter: Filter): [Book] @listSize(slicingArguments: ["filter.first"], assumedSize: 7, requireOneSlicingArgument: false)
    dear(deep: Boolean @cost(weight: 4)): Book @cost(weight: 30)
    ranking: [Book] @cost(weight: 30) @listSize(assumedSize: 3)
    unsized: [Book]
    grid: [[Book]] @listSize(assumedSize: 2)
    anything: Anything
    named: Named
    usual(limit: Int = 4): [Book] @listSize(slicingArguments: ["limit"])
  }
  input Filter { first: Int }
  type Mutation { rename: Book }
  type Book implements Named { title: String name: String author: Author publisher: Publisher rating: Rating pages: [Page!] @listSize(assumedSize: 2) }
  interface Named { name: String }
  type Page { number: Int }
  enum Rating @cost(weight: 2) { GOOD BAD }
  type Author implements Named { name: String friends: [Author] @listSize(assumedSize: 8) }
  type Publisher { name: String address: Address }
  type Address @cost(weight: 5) { zipCode: Int! }
  type BookConnection { nodes: [Book!]! edges: [BookEdge!]! pageInfo: PageInfo! }
  type BookEdge { cursor: String node: Book }
  type PageInfo { endCursor: String }
  union Anything = Book | Author
`;
const rules = new CostRules(buildSchema(SDL), SDL);

function costOf(text: string): OperationCost {
  const document = parse(text);
  const definition = document.definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  );
  if (!definition) throw new Error('no operation');
  return new OperationCost(rules, document, definition);
}

const BOOK = '{ title author { name } publisher { name address { zipCode } } }';

describe('the estimate of an operation', () => {
  it.each<[string, string, number]>([
    ['the object fields of a query, each by its weight', `{ book(id: 1) ${BOOK} }`, 8],
    ['each element of a list of assumed size', `{ bestsellers ${BOOK} }`, 40],
    ['as many elements as a slicing argument asks for', `{ newest(limit: 3) ${BOOK} }`, 24],
    ['the lists of a connection by its argument', '{ page(first: 3) { nodes { title } pageInfo { endCursor } } }', 5],
    ['edges and their nodes', '{ page(last: 3) { edges { node { title } } } }', 7],
    ['a connection without an argument by its assumed size', '{ page { nodes { title } } }', 21],
    ['lists inside a connection', '{ page(first: 3) { nodes { pages { number } } } }', 10],
    ['a slicing argument inside an input', '{ nested(filter: { first: 2 }) { title } }', 2],
    ['an input without the slicing field by the assumed size', '{ nested(filter: {}) { title } }', 7],
    ['a field with a weight of its own, and of its argument', '{ dear(deep: true) { title } }', 34],
    ['the weight of a list field once', '{ ranking { title } }', 33],
    ['a list that nothing is said about as ten', '{ unsized { title } }', 10],
    ['lists of lists', '{ grid { title } }', 20],
    ['leaves with a weight', '{ book { rating title } }', 3],
    ['nothing for leaves and type names', '{ __typename }', 0],
    ['ten for a mutation', 'mutation { rename { title } }', 11],
    [
      'a field that is selected twice once',
      '{ book { author { name } ...F } } fragment F on Query { b: book { title } }',
      2,
    ],
    [
      'merged selections',
      '{ book { author { name } } ...F } fragment F on Query { book { author { friends { name } } } }',
      10,
    ],
    ['an alias as another field', '{ a: book { title } b: book { title } }', 2],
    [
      'the dearest of types that exclude each other',
      '{ anything { ... on Book { author { name } } ... on Author { friends { name } } } }',
      9,
    ],
    ['a field of an interface with those of its types', '{ named { name ... on Book { author { name } } } }', 2],
    ['a default of the schema as the argument', '{ usual { title } }', 4],
    ['nothing for what is left out', '{ bestsellers @include(if: false) { title } book @skip(if: true) { title } }', 0],
    ['nothing for a negative length', '{ page(first: -5) { nodes { title } } }', 1],
  ])('counts %s', (_, text, expected) => {
    expect(costOf(text).estimate({})).toBe(expected);
  });

  it('takes variables and their defaults', () => {
    const cost = costOf(
      'query($n: Int = 2, $no: Boolean = false) { page(first: $n) { nodes { title } } book @include(if: $no) { title } }',
    );
    expect(cost.estimate({})).toBe(3);
    expect(cost.estimate({ n: 50 })).toBe(51);
    expect(cost.estimate({ n: 50, no: true })).toBe(52);
    expect(cost.estimate({ n: null })).toBe(21);
    expect(cost.estimate({ n: 'many' })).toBe(21);
  });

  it('refuses a list that takes exactly one slicing argument and gets none or two', () => {
    expect(() => costOf('{ strict { title } }').estimate({})).toThrow('exactly one of the arguments "first", "last"');
    expect(() => costOf('{ strict(first: 1, last: 1) { title } }').estimate({})).toThrow('exactly one');
    expect(costOf('query($n: Int) { strict(first: 1, last: $n) { title } }').estimate({})).toBe(1);
  });

  it('holds introspection cheap, and what multiplies it dear', () => {
    const once = costOf('{ __schema { types { name fields { name } } } }').estimate({});
    expect(once).toBeGreaterThan(0);
    expect(once).toBeLessThan(3);
    const deep = '{ name fields { type { name fields { type { name fields { name } } } } } }';
    const aliases = Array.from({ length: 100 }, (__, index) => `s${index}: __schema { types ${deep} }`);
    expect(costOf(`{ ${aliases.join(' ')} }`).estimate({})).toBeGreaterThan(100 * once);
  });

  it('compiles nested abstract types in time that grows with the text alone', () => {
    const level = (inner: string): string =>
      `anything { ... on Book { author { name } } ... on Author { name } } ${inner}`;
    const text = `{ ${Array.from({ length: 300 }, (__, index) => `a${index}: ${level('')}`).join(' ')} }`;
    const start = process.cpuUsage();
    costOf(text).estimate({});
    expect(process.cpuUsage(start).user / 1_000).toBeLessThan(200);
  });
});

describe('the measured cost', () => {
  it('counts what came', () => {
    const cost = costOf('{ page(first: 100) { nodes { pages { number } author { name } } } }');
    const data = {
      page: {
        nodes: [
          { pages: [{ number: 1 }], author: null },
          { pages: null, author: { name: 'A' } },
        ],
      },
    };
    expect(cost.measure(data)).toBe(5);
    expect(cost.measure({ page: null })).toBe(0);
    expect(cost.measure(null)).toBe(0);
  });

  it('counts lists of lists, weights of fields, and a mutation', () => {
    expect(costOf('{ grid { title } }').measure({ grid: [[{}, null], [], [{}]] })).toBe(2);
    expect(costOf('{ ranking { title } }').measure({ ranking: [{}] })).toBe(31);
    expect(costOf('mutation { rename { title } }').measure({ rename: { title: 'x' } })).toBe(11);
  });

  it('is never more than the estimate while lists are no longer than they said', () => {
    const cost = costOf(
      '{ anything { ... on Book { author { name } } ... on Author { friends { name } } } page(first: 2) { nodes { title } } }',
    );
    const data = { anything: { author: { name: 'A' } }, page: { nodes: [{ title: 'x' }, { title: 'y' }] } };
    expect(cost.measure(data)).toBeLessThanOrEqual(cost.estimate({}));
  });
});

describe('the names of the directives', () => {
  it('are those that @link gives them', () => {
    const sdl = SDL.replace('type Query {', 'type Query { few: [Book] @size(assumedSize: 2) @price(weight: 9)').replace(
      'directive @cost',
      'schema @link(url: "https://specs.apollo.dev/cost/v0.1", as: "c", import: ["@cost", { name: "@listSize", as: "@size" }]) { query: Query mutation: Mutation } directive @link(url: String, as: String, import: [Import]) repeatable on SCHEMA scalar Import directive @size(assumedSize: Int) on FIELD_DEFINITION directive @price(weight: Int!) on FIELD_DEFINITION directive @cost',
    );
    const document = parse('{ few { title } bestsellers { title } }');
    const [definition] = document.definitions;
    const cost = new OperationCost(
      new CostRules(buildSchema(sdl), sdl),
      document,
      definition as OperationDefinitionNode,
    );
    expect(cost.estimate({})).toBe(12);
  });
});
