import { type FederationCase, link } from '../federation-case.js';

const people = new Map(['1', '2'].map((id) => [id, { id, name: `Author ${id}` }]));

/** One step of the way to a field finds nothing: only what lies behind it is missing. */
export const brokenWay: FederationCase = {
  name: 'an entity that a subgraph on the way does not know',
  subgraphs: {
    shelf: {
      sdl: `${link('@key')} type Query { shelves: [Shelf] } type Shelf { book: Book } type Book @key(fields: "upc") { upc: ID! }`,
      resolvers: {
        Query: { shelves: () => ['b1', 'b2', 'b3'].map((upc) => ({ book: { upc } })) },
        Book: { __resolveReference: ({ upc }: { upc: string }) => ({ upc }) },
      },
    },
    index: {
      sdl: `${link('@key')} type Book @key(fields: "id") @key(fields: "upc") { id: ID! upc: ID! }`,
      resolvers: {
        Book: {
          __resolveReference: ({ id, upc }: { id?: string; upc?: string }) => {
            const known = id ?? upc?.slice(1);
            return known === '3' ? null : { id: known, upc: `b${known}` };
          },
        },
      },
    },
    authors: {
      sdl: `${link('@key')} type Book @key(fields: "id") { id: ID! author: Author } type Author { id: ID! name: String }`,
      resolvers: {
        Book: { __resolveReference: ({ id }: { id: string }) => ({ id, author: people.get(id) ?? null }) },
      },
    },
  },
  requests: {
    'is null behind it, without an error, and whole elsewhere': {
      query: '{ shelves { book { upc author { name } } } }',
      data: {
        shelves: [
          { book: { upc: 'b1', author: { name: 'Author 1' } } },
          { book: { upc: 'b2', author: { name: 'Author 2' } } },
          { book: { upc: 'b3', author: null } },
        ],
      },
    },
  },
};

const posts = [
  { id: 'p1', authorId: 'a1' },
  { id: 'p2', authorId: 'a2' },
];
const years = new Map([
  ['a1', 1],
  ['a2', 9],
]);

/** Each of two subgraphs requires a field that the other computes from one of the first. */
export const requiresInTurn: FederationCase = {
  name: '@requires back and forth',
  subgraphs: {
    feed: {
      sdl: `${link('@key', '@external', '@requires')}
        type Query { feed: [Post] }
        type Post @key(fields: "id") { id: ID! byNovice: Boolean! @external byExpert: Boolean! @requires(fields: "byNovice") }
        type Author @key(fields: "id") { id: ID! years: Int! }`,
      resolvers: {
        Query: { feed: () => posts.map(({ id }) => ({ id })) },
        Post: {
          __resolveReference: (reference: object) => reference,
          byExpert: ({ byNovice }: { byNovice?: boolean }) => (byNovice === undefined ? null : !byNovice),
        },
        Author: { __resolveReference: ({ id }: { id: string }) => ({ id, years: years.get(id) }) },
      },
    },
    posts: {
      sdl: `${link('@key', '@external', '@requires')}
        type Post @key(fields: "id") { id: ID! author: Author! byNovice: Boolean! @requires(fields: "author { years }") }
        type Author @key(fields: "id") { id: ID! years: Int! @external }`,
      resolvers: {
        Post: {
          __resolveReference: (reference: { id: string; author?: { years: number } }) => reference,
          author: ({ id }: { id: string }) => ({ id: posts.find((post) => post.id === id)?.authorId }),
          byNovice: ({ author }: { author: { years: number } }) => author.years < 5,
        },
        Author: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
      },
    },
  },
  requests: {
    'goes one step': {
      query: '{ feed { byNovice } }',
      data: { feed: [{ byNovice: true }, { byNovice: false }] },
    },
    'goes both': {
      query: '{ feed { byExpert } }',
      data: { feed: [{ byExpert: false }, { byExpert: true }] },
    },
  },
};

/** A provided field is asked for where it is provided, and only if it is asked for at all. */
export const providedFields: FederationCase = {
  name: '@provides of more than is asked for',
  subgraphs: {
    owner: {
      sdl: `${link('@key', '@shareable')} type Query { unused: Int }
        type Entity @key(fields: "id") { id: ID! name: String! @shareable description: String! @shareable extra: String! }`,
      resolvers: {
        Entity: {
          __resolveReference: ({ id }: { id: string }) => ({ id, extra: `extra ${id}` }),
          name: () => Promise.reject(new Error('it is provided')),
        },
      },
    },
    provider: {
      sdl: `${link('@key', '@external', '@provides')}
        type Query { entity: Entity @provides(fields: "name description") }
        type Entity @key(fields: "id") { id: ID! name: String! @external description: String! @external }`,
      resolvers: {
        Query: { entity: () => ({ id: 'e1', name: 'One' }) },
        Entity: { description: () => Promise.reject(new Error('nobody asked for it')) },
      },
    },
  },
  requests: {
    'fetches the provided field alone': {
      query: '{ entity { id name } }',
      data: { entity: { id: 'e1', name: 'One' } },
    },
    'goes to the owner for the rest': {
      query: '{ entity { ... { title: name } ... { extra } } }',
      data: { entity: { title: 'One', extra: 'extra e1' } },
    },
    'leaves out what is skipped': {
      query: '{ entity { id ... on Entity @skip(if: true) { description } } }',
      data: { entity: { id: 'e1' } },
    },
  },
};
