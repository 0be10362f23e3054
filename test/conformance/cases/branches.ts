import { type FederationCase, link } from '../federation-case.js';

const LINK = link('@key');

const comment = { __typename: 'Comment', product: { id: '1' }, products: [{ id: '1' }] };
const rating = { __typename: 'Rating', product: { id: '2' }, products: [{ id: '2' }] };

/** One response name may mean different things on different types (GraphQL specification, 5.3.2). */
export const differingBranches: FederationCase = {
  name: 'one name for different things on different types',
  subgraphs: {
    reviews: {
      sdl: `${LINK}
        type Query { review: Review reviews: [[Review]] }
        interface Review { product: Product products: [Product] }
        type Comment implements Review { product: Product products: [Product] }
        type Rating implements Review { product: Product products: [Product] }
        type Product @key(fields: "id") { id: ID! }`,
      resolvers: { Query: { review: () => comment, reviews: () => [[comment, rating], null] } },
    },
    prices: {
      sdl: `${LINK} type Product @key(fields: "id") { id: ID! b(n: Int): String b2: String }`,
      resolvers: {
        Product: {
          b: ({ id }: { id: string }, { n }: { n?: number }) => `b${n ?? ''} of ${id}`,
          b2: ({ id }: { id: string }) => `b2 of ${id}`,
        },
      },
    },
    stock: {
      sdl: `${LINK} type Product @key(fields: "id") { id: ID! c: String }`,
      resolvers: {
        Product: {
          c: ({ id }: { id: string }) => {
            if (id === '1') throw new Error('the product of a comment was not asked for');
            return `c of ${id}`;
          },
        },
      },
    },
  },
  requests: {
    'of two subgraphs': {
      query: '{ reviews { ... on Comment { product { x: b } } ... on Rating { product { x: c } } } }',
      data: { reviews: [[{ product: { x: 'b of 1' } }, { product: { x: 'c of 2' } }], null] },
    },
    'of one subgraph': {
      query: '{ reviews { ... on Comment { product { x: b } } ... on Rating { product { x: b2 } } } }',
      data: { reviews: [[{ product: { x: 'b of 1' } }, { product: { x: 'b2 of 2' } }], null] },
    },
    'of one field with different arguments': {
      query: '{ reviews { ... on Comment { product { b(n: 1) } } ... on Rating { product { b(n: 2) } } } }',
      data: { reviews: [[{ product: { b: 'b1 of 1' } }, { product: { b: 'b2 of 2' } }], null] },
    },
    'where there is no list': {
      query: '{ review { ... on Comment { product { x: b } } ... on Rating { product { x: c } } } }',
      data: { review: { product: { x: 'b of 1' } } },
    },
    'asks for nothing that is selected on another type only': {
      query: '{ reviews { products { b } ... on Rating { products { c } } } }',
      data: { reviews: [[{ products: [{ b: 'b of 1' }] }, { products: [{ b: 'b of 2', c: 'c of 2' }] }], null] },
    },
    'of fragments that are spread': {
      query: `{ review { ...OfComment ...OfRating } }
        fragment OfComment on Comment { product { ...B } } fragment OfRating on Rating { product { x: c } } fragment B on Product { x: b2 }`,
      data: { review: { product: { x: 'b2 of 1' } } },
    },
  },
};

const partial = (own: string): string => `${link('@key', '@shareable')}
  type Query { root${own}: Box shared: Box @shareable }
  type Box @key(fields: "id") { id: ID! items(first: Int): [Item!] @shareable named: Named @shareable only${own}: [Item] }
  union Item = Common | Only${own}
  interface Named { name: String! }
  type Common implements Named @shareable { label: String name: String! }
  type Only${own} implements Named { name: String! detail${own}(as: Style${own} = PLAIN, filter: Filter${own}): Detail${own}! }
  type Detail${own} { text: String } enum Style${own} { PLAIN LOUD } input Filter${own} { style: Style${own} }`;

const boxOf = (own: string): object => {
  const member = {
    __typename: `Only${own}`,
    name: `only ${own}`,
    [`detail${own}`]: ({ as }: { as: string }) => ({ text: `${own} ${as}` }),
  };
  const items = [{ __typename: 'Common', label: 'common', name: 'common' }, member];
  return { id: '1', items, named: member, [`only${own}`]: [member] };
};
const partialResolvers = (own: string): Readonly<Record<string, unknown>> => ({
  Query: { [`root${own}`]: () => boxOf(own), shared: () => ({ ...boxOf(own), items: [], named: null }) },
  Box: { __resolveReference: () => boxOf(own) },
});
const selected = `__typename ... on Common { label } ... on OnlyA { detailA { text } } ... on OnlyB { detailB(as: LOUD, filter: { style: $b }) { text } }`;

/** Apollo's planner would leave out what only one of the subgraphs knows that could answer the field. */
export const partialMembers: FederationCase = {
  name: 'a shareable field whose union and interface have other members in other subgraphs',
  subgraphs: {
    a: { sdl: partial('A'), resolvers: partialResolvers('A') },
    b: { sdl: partial('B'), resolvers: partialResolvers('B') },
  },
  requests: {
    'answers the members of the one': {
      query: `query ($b: StyleB) { rootA { items { ${selected} } } }`,
      data: {
        rootA: {
          items: [
            { __typename: 'Common', label: 'common' },
            { __typename: 'OnlyA', detailA: { text: 'A PLAIN' } },
          ],
        },
      },
    },
    'answers the members of the other': {
      query: `query ($b: StyleB) { rootB { items(first: 2) { ${selected} } } }`,
      data: {
        rootB: {
          items: [
            { __typename: 'Common', label: 'common' },
            { __typename: 'OnlyB', detailB: { text: 'B LOUD' } },
          ],
        },
      },
    },
    'answers implementations of an interface': {
      query: `query ($b: StyleB) { rootB { named { name ${selected} } } shared { named { name } items { __typename } } }`,
      data: {
        rootB: { named: { name: 'only B', __typename: 'OnlyB', detailB: { text: 'B LOUD' } } },
        shared: { named: null, items: [] },
      },
    },
    'answers those of a field that one subgraph alone has': {
      query: `query ($b: StyleB) { rootA { onlyB { ${selected} } onlyA { ... on OnlyB { name } } } }`,
      data: { rootA: { onlyB: [{ __typename: 'OnlyB', detailB: { text: 'B LOUD' } }], onlyA: [{}] } },
    },
  },
};

/** What no subgraph has a type for cannot be asked for. */
export const emptyInterface: FederationCase = {
  name: 'an interface that nothing implements where a field answers it',
  subgraphs: {
    a: {
      sdl: `${link('@key')} type Query { a: Node } type Mutation { touch: Node } interface Node @key(fields: "id") { id: ID! }`,
      resolvers: {},
    },
    b: {
      sdl: `${link('@key', '@interfaceObject')}
        type Query { b: Node } type Node @key(fields: "id", resolvable: false) @interfaceObject { id: ID! field: String }`,
      resolvers: { Query: { b: () => ({ id: '1', field: 'f' }) } },
    },
  },
  requests: {
    'refuses a query': { query: '{ a { field } }', errorPaths: [undefined] },
    'refuses a mutation': { query: 'mutation { touch { field } }', errorPaths: [undefined] },
    'answers what has nothing to fetch': {
      query: '{ __typename a @skip(if: true) { field } ... @include(if: false) { b { field } } }',
      data: { __typename: 'Query' },
    },
    'answers where there is something': { query: '{ b { field } }', data: { b: { field: 'f' } } },
  },
};
