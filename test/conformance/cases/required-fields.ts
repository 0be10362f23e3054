import { type FederationCase, link } from '../federation-case.js';

const LINK = link('@key', '@external', '@requires');

interface Known {
  readonly known?: readonly { readonly author: string }[];
}
const authorsOf = ({ known }: Known): string | undefined => known?.map(({ author }) => author).join();

/** Apollo's planner would ask `feed` for the comments that `people` requires: it sees the field there, not that it is external. */
export const externalElsewhere: FederationCase = {
  name: '@requires of a field that the subgraph has itself, and another knows as external',
  subgraphs: {
    feed: {
      sdl: `${LINK}
        type Query { feed: [Post] }
        type Post @key(fields: "id") {
          id: ID! comments(limit: Int = 2): [Comment] @external count: Int @requires(fields: "comments { id }") }
        type Comment @key(fields: "id") { id: ID! author: ID }`,
      resolvers: {
        Query: { feed: () => [{ id: 'p1' }] },
        Post: { count: (post: { comments: unknown[] }) => post.comments.length },
        Comment: { __resolveReference: ({ id }: { id: string }) => ({ id, author: `author of ${id}` }) },
      },
    },
    people: {
      sdl: `${LINK}
        type Post @key(fields: "id") {
          id: ID! comments(limit: Int = 2): [Comment] authors: String @requires(fields: "comments { author }")
          first: String @requires(fields: "comments(limit: 1) { author }") }
        type Comment @key(fields: "id") { id: ID! author: ID @external }`,
      resolvers: {
        Post: {
          __resolveReference: (post: { id: string; comments?: unknown }) => ({ id: post.id, known: post.comments }),
          comments: (_: unknown, { limit }: { limit: number }) => [{ id: 'c1' }, { id: 'c2' }].slice(0, limit),
          authors: authorsOf,
          first: authorsOf,
        },
      },
    },
  },
  requests: {
    'asks the subgraph that has it': {
      query: '{ feed { authors } }',
      data: { feed: [{ authors: 'author of c1,author of c2' }] },
    },
    'asks it for what the client selects there, too': {
      query: '{ feed { authors count comments { id } } }',
      data: {
        feed: [{ authors: 'author of c1,author of c2', count: 2, comments: [{ id: 'c1' }, { id: 'c2' }] }],
      },
    },
    'tells arguments apart': {
      query: '{ feed { first count authors comments(limit: 0) { id } } }',
      data: { feed: [{ first: 'author of c1', count: 2, authors: 'author of c1,author of c2', comments: [] }] },
    },
  },
};

const priceOf = ({ price }: { price: number }): number => price;

/** An argument that is left out of `@requires` is one, too. */
export const optionalArguments: FederationCase = {
  name: '@requires of a field without its optional argument',
  subgraphs: {
    shop: {
      sdl: `${LINK}
        type Product @key(fields: "upc") {
          upc: ID! price(currency: String): Int @external category: Category @external
          plain: Int @requires(fields: "price") usd: Int @requires(fields: "price(currency: \\"USD\\")")
          eur: Int @requires(fields: "price(currency: \\"EUR\\")")
          ofCategory: Int @requires(fields: "category { average(currency: \\"USD\\") }") sent: [String] @requires(fields: "price(currency: \\"GBP\\")") }
        type Category @external { average(currency: String!): Int }`,
      resolvers: {
        Product: {
          plain: priceOf,
          usd: priceOf,
          eur: priceOf,
          ofCategory: ({ category }: { category: { average: number } }) => category.average,
          sent: (product: object) => Object.keys(product).sort(),
        },
      },
    },
    prices: {
      sdl: `${LINK}
        type Query { product: Product }
        type Product @key(fields: "upc") { upc: ID! price(currency: String): Int category: Category }
        type Category { average(currency: String!): Int }`,
      resolvers: {
        Query: { product: () => ({ upc: 'p' }) },
        Product: {
          price: (_: unknown, { currency }: { currency?: string }) => ({ USD: 1, EUR: 2 })[currency ?? ''] ?? 9,
          category: () => ({}),
        },
        Category: { average: () => 7 },
      },
    },
  },
  requests: {
    'tells it apart from one with the argument': {
      query: '{ product { plain usd eur ofCategory } }',
      data: { product: { plain: 9, usd: 1, eur: 2, ofCategory: 7 } },
    },
    'tells it apart from what the client asks for': {
      query: '{ product { price(currency: "EUR") plain } }',
      data: { product: { price: 2, plain: 9 } },
    },
    'sends nothing that only others require': {
      query: '{ product { usd ofCategory sent } }',
      data: { product: { usd: 1, ofCategory: 7, sent: ['__typename', 'price', 'upc'] } },
    },
  },
};

/** Skipped, a field takes nothing along that is fetched beside it. */
export const skippedRequires: FederationCase = {
  name: '@requires of a field that is skipped',
  subgraphs: {
    base: {
      sdl: `${LINK} type Query { t: T } type T @key(fields: "id") { id: ID! a: Int }`,
      resolvers: {
        Query: { t: () => ({ id: '1', a: 1 }) },
        T: { __resolveReference: (t: object) => ({ ...t, a: 1 }) },
      },
    },
    more: {
      sdl: `${LINK} type T @key(fields: "id") { id: ID! a: Int @external b: Int! c: Int @requires(fields: "a") }`,
      resolvers: { T: { b: () => 2, c: ({ a }: { a: number }) => a + 2 } },
    },
  },
  requests: {
    'is not fetched': {
      query: 'query ($v: Boolean!) { t { b c @skip(if: $v) } }',
      variables: { v: true },
      data: { t: { b: 2 } },
    },
    'is fetched if it is not skipped': {
      query: 'query ($v: Boolean!) { t { b c @skip(if: $v) } }',
      variables: { v: false },
      data: { t: { b: 2, c: 3 } },
    },
    'is not fetched in a fragment': {
      query: 'query ($v: Boolean!) { t { b ...F @include(if: $v) } } fragment F on T { ... on T { c } }',
      variables: { v: false },
      data: { t: { b: 2 } },
    },
    'may be decided by two variables': {
      query: 'query ($v: Boolean!, $w: Boolean = true) { t { b c @skip(if: $v) @include(if: $w) } }',
      variables: { v: false },
      data: { t: { b: 2, c: 3 } },
    },
    'may be all that there is': {
      query: 'query ($v: Boolean!) { t { c @include(if: $v) } }',
      variables: { v: false },
      data: { t: {} },
    },
  },
};
