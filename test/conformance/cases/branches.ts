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
