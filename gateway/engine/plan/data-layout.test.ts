import type { FetchNode, PlanNode } from '@apollo/query-planner';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLObjectType, OperationTypeNode, parse, type FieldNode } from 'graphql';
import { expect, it } from 'vitest';
import { interceptTransport } from '../../testing/intercept-transport.js';
import { InProcessTransport } from '../../transports/in-process-transport.js';
import type { SubgraphTransport } from '../../transports/subgraph-transport.js';
import { dataLayout, type ObjectLayout } from './data-layout.js';
import type { FetchCompilation } from './fetch-compilation.js';

const transport = (sdl: string): SubgraphTransport => new InProcessTransport(buildSubgraphSchema(parse(sdl)));
const BOOKS = transport(
  'type Query { book: Book any: Any } type Book { id: ID! title: String at: Place } type Place { aisle: Int } union Any = Book',
);
const entitiesOf = (field: string): SubgraphTransport =>
  transport(`type Query { none: Int } type Book @key(fields: "id") { id: ID! ${field} }`);
const transports = new Map([
  ['books', BOOKS],
  ['stock', entitiesOf('copies: Int')],
  ['authors', entitiesOf('author: Author } type Author { name: String')],
  ['places', entitiesOf('at: Place } type Place { aisle: Int level: Int')],
  ['far', interceptTransport(BOOKS, async (next) => next())],
]);

const compilation: FetchCompilation = {
  schema: new InProcessTransport(buildSubgraphSchema(parse('type Query { none: Int }'))).schema,
  isObjectTypeName: () => true,
  transportOf: (name) => transports.get(name) as SubgraphTransport,
  hiddenTypeNames: new Set<FieldNode>(),
};

function fetch(serviceName: string, operation: string, more: Partial<FetchNode> = {}): FetchNode {
  return { kind: 'Fetch', serviceName, operation, operationKind: OperationTypeNode.QUERY, ...more } as FetchNode;
}

function entities(service: string, selection: string, path: string[] = ['book']): PlanNode {
  const operation = `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Book { ${selection} } } }`;
  return { kind: 'Flatten', path, node: fetch(service, operation, { requires: [] }) };
}

/** As text: `?` behind a place of which not all is known, `!` where nothing below it is. */
function written(layout: ObjectLayout): string {
  const fields = [...layout.fields].map(([name, { below }]) => name + (below ? written(below) : ''));
  return `{${fields.join(' ')}}${layout.isKnownBelow ? '' : '!'}${layout.isKnown ? '' : '?'}`;
}

const layoutOf = (plan: PlanNode): string => written(dataLayout(plan, compilation));
const root = fetch('books', '{ book { __typename id title at { aisle } } }');
const inOrder = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Sequence', nodes });

it('is what fetches bring, in their order', () => {
  expect(layoutOf(root)).toBe('{book{__typename id title at{aisle}}}');
  expect(layoutOf(inOrder(root, entities('stock', 'copies'), entities('authors', 'author { name }')))).toBe(
    '{book{__typename id title at{aisle} copies author{name}}}',
  );
});

it('has no order where fetches are made side by side, though what is below has one', () => {
  const nodes = [entities('stock', 'copies'), entities('authors', 'author { name }')];
  expect(layoutOf(inOrder(root, { kind: 'Parallel', nodes }))).toBe(
    '{book{__typename id title at{aisle} copies author{name}}?}',
  );
});

it.each<[string, PlanNode, string]>([
  ['a subgraph is elsewhere', fetch('far', '{ book { id } }'), '{}!?'],
  ['a fetch hangs on a variable', { kind: 'Condition', condition: 'yes', ifClause: root }, '{}!?'],
  ['a field does', fetch('books', '{ book { id @include(if: $yes) } }'), '{}!?'],
  ['an answer is rewritten', fetch('books', '{ book { id } }', { outputRewrites: [{} as never] }), '{}!?'],
  [
    'a fetch is for some types only',
    inOrder(root, entities('stock', 'copies', ['book|[Book]'])),
    '{book{__typename id title at{aisle}}}!?',
  ],
  [
    'two fetches bring the same objects',
    inOrder(root, entities('places', 'at { level }')),
    '{book{__typename id title at{aisle}}!?}',
  ],
  [
    'a later fetch is the first to name the type',
    inOrder(fetch('books', '{ book { id } }'), entities('stock', '__typename copies')),
    '{book{id __typename copies}!?}',
  ],
  ['objects may be of several types', fetch('books', '{ any { ... on Book { id } } }'), '{any}'],
])('is not known where %s', (_, plan, text) => {
  expect(layoutOf(plan)).toBe(text);
});

it('is of the types of the subgraphs', () => {
  const layout = dataLayout(root, compilation);
  const book = layout.fields.get('book');
  expect([book?.type, book?.below?.typeName]).toEqual([expect.any(GraphQLObjectType), 'Book']);
});
