import { type FederationCase, link } from '../federation-case.js';

interface Comment {
  readonly id: string;
  readonly post: string;
  readonly author: string;
  readonly text: string;
}

const comments: readonly Comment[] = [
  { id: 'c1', post: 'p1', author: 'a2', text: 'one' },
  { id: 'c2', post: 'p1', author: 'a2', text: 'two' },
  { id: 'c3', post: 'p1', author: 'a2', text: 'three' },
  { id: 'c4', post: 'p2', author: 'a1', text: 'four' },
  { id: 'c5', post: 'p2', author: 'a1', text: 'five' },
  { id: 'c6', post: 'p2', author: 'a1', text: 'six' },
  { id: 'c7', post: 'p2', author: 'a1', text: 'three' },
];
const commentById = new Map(comments.map((comment) => [comment.id, comment]));
const commentsOf = (id: string, limit: number): readonly Comment[] =>
  comments.filter(({ post }) => post === id).slice(0, limit);

/** What `@requires` asks for with an argument, and what the client asks for with another, are two things. */
export const requiresWithArguments: FederationCase = {
  name: '@requires of a field with arguments',
  subgraphs: {
    feed: {
      sdl: `${link('@key', '@external', '@requires')}
        type Query { feed: [Post] }
        type Post @key(fields: "id") { id: ID! comments(limit: Int!): [Comment] @external }
        type Comment @key(fields: "id") {
          id: ID! authorId: ID text: String! elsewhere: [Post] @external
          isSpam: Boolean @requires(fields: "elsewhere { comments(limit: 50) { id } }") }`,
      resolvers: {
        Query: { feed: () => [{ id: 'p1' }, { id: 'p2' }] },
        Post: {
          __resolveReference: ({ id }: Comment) => ({ id }),
          comments: ({ id }: Comment, { limit }: { limit: number }) =>
            commentsOf(id, limit).map((comment) => ({ ...comment, authorId: comment.author })),
        },
        Comment: {
          __resolveReference: ({ id, elsewhere }: { id: string; elsewhere?: { comments: { id: string }[] }[] }) => {
            const isSpam =
              elsewhere !== undefined && elsewhere.length > 0 && elsewhere.every((post) => post.comments.length > 0);
            return { ...commentById.get(id), authorId: commentById.get(id)?.author, isSpam };
          },
        },
      },
    },
    people: {
      sdl: `${link('@key', '@external', '@requires')}
        type Post @key(fields: "id") {
          id: ID! author: Author @requires(fields: "comments(limit: 3) { authorId }") comments(limit: Int!): [Comment] }
        type Comment @key(fields: "id") { id: ID! authorId: ID @external elsewhere: [Post] }
        type Author { id: ID! }`,
      resolvers: {
        Post: {
          __resolveReference: ({ id, comments: sent }: { id: string; comments?: { authorId: string }[] }) => {
            if (sent !== undefined && sent.length !== 3) throw new Error(`${sent.length} comments instead of 3`);
            return { id, author: sent === undefined ? null : { id: sent[2]?.authorId } };
          },
          comments: ({ id }: Comment, { limit }: { limit: number }) =>
            commentsOf(id, limit).map((comment) => ({ id: comment.id })),
        },
        Comment: {
          __resolveReference: ({ id }: Comment) => ({ id }),
          elsewhere: ({ id }: Comment) => {
            const own = commentById.get(id);
            return comments
              .filter(({ text, post }) => text === own?.text && post !== own.post)
              .map(({ post }) => ({ id: post }));
          },
        },
      },
    },
  },
  requests: {
    'asks for what is required': {
      query: '{ feed { author { id } } }',
      data: { feed: [{ author: { id: 'a2' } }, { author: { id: 'a1' } }] },
    },
    'keeps the argument of the client apart from the required one': {
      query: '{ feed { author { id } comments(limit: 1) { id } } }',
      data: {
        feed: [
          { author: { id: 'a2' }, comments: [{ id: 'c1' }] },
          { author: { id: 'a1' }, comments: [{ id: 'c4' }] },
        ],
      },
    },
    'does so for a variable': {
      query: 'query ($limit: Int = 1) { feed { author { id } comments(limit: $limit) { id } } }',
      data: {
        feed: [
          { author: { id: 'a2' }, comments: [{ id: 'c1' }] },
          { author: { id: 'a1' }, comments: [{ id: 'c4' }] },
        ],
      },
    },
    'does so for fragments that ask for the same twice': {
      query: `query ($limit: Int = 1) { feed { author { id } ...A ...B } }
        fragment A on Post { comments(limit: $limit) { id } } fragment B on Post { comments(limit: $limit) { id } }`,
      data: {
        feed: [
          { author: { id: 'a2' }, comments: [{ id: 'c1' }] },
          { author: { id: 'a1' }, comments: [{ id: 'c4' }] },
        ],
      },
    },
    'requires the same field again, further down': {
      query: '{ feed { comments(limit: 3) { isSpam } } }',
      data: {
        feed: [
          { comments: [{ isSpam: false }, { isSpam: false }, { isSpam: true }] },
          { comments: [{ isSpam: false }, { isSpam: false }, { isSpam: false }] },
        ],
      },
    },
  },
};

const prices = [
  { upc: 'p1', price: 11, weight: 1 },
  { upc: 'p2', price: 22, weight: 2 },
];
const priceIn = (price: number, currency: string): number => (currency === 'EUR' ? price * 2 : price);

/** Two fields that each require the same field, with other arguments. */
export const conflictingRequires: FederationCase = {
  name: '@requires of one field with two arguments',
  subgraphs: {
    shipping: {
      sdl: `${link('@key', '@external', '@requires')}
        type Product @key(fields: "upc") {
          upc: String! weight: Int @external price(currency: String!): Int @external
          estimate: Int @requires(fields: "price(currency: \\"USD\\") weight")
          estimateEuro: Int @requires(fields: "price(currency: \\"EUR\\") weight") }`,
      resolvers: {
        Product: {
          __resolveReference: (reference: object) => reference,
          estimate: ({ price, weight }: { price: number; weight: number }) => price * weight * 10,
          estimateEuro: ({ price, weight }: { price: number; weight: number }) => price * weight * 10,
        },
      },
    },
    products: {
      sdl: `${link('@key')}
        type Query { products: [Product] }
        type Product @key(fields: "upc") { upc: String! price(currency: String!): Int weight: Int }`,
      resolvers: {
        Query: { products: () => prices },
        Product: {
          __resolveReference: ({ upc }: { upc: string }) => prices.find((product) => product.upc === upc),
          price: ({ price }: { price: number }, { currency }: { currency: string }) => priceIn(price, currency),
        },
      },
    },
  },
  requests: {
    'sends each field what it requires': {
      query: '{ products { upc estimate estimateEuro } }',
      data: {
        products: [
          { upc: 'p1', estimate: 110, estimateEuro: 220 },
          { upc: 'p2', estimate: 440, estimateEuro: 880 },
        ],
      },
    },
    'keeps all of them apart from what the client asks for': {
      query: '{ products { price(currency: "EUR") estimate dollars: price(currency: "USD") estimateEuro } }',
      data: {
        products: [
          { price: 22, estimate: 110, dollars: 11, estimateEuro: 220 },
          { price: 44, estimate: 440, dollars: 22, estimateEuro: 880 },
        ],
      },
    },
    'does so for an alias that has the name of what is required': {
      query: '{ products { price: weight estimate } }',
      data: {
        products: [
          { price: 1, estimate: 110 },
          { price: 2, estimate: 440 },
        ],
      },
    },
  },
};
