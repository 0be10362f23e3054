import type { ShopService } from './shop-graph.js';

type Row = Record<string, unknown>;
// oxlint-disable-next-line typescript/no-explicit-any -- @apollo/subgraph types resolver maps loosely
type ResolverMap = any;
export type ShopResolvers = Readonly<Record<ShopService, ResolverMap>>;

const users: readonly Row[] = [
  { id: 'u1', name: 'Ada', role: 'STAFF', email: 'ada@example.org', friendIds: ['u2', 'u3'], passwordHash: 'x' },
  { id: 'u2', name: 'Ben', role: 'CUSTOMER', email: 'ben@example.org', friendIds: ['u1'], passwordHash: 'y' },
  { id: 'u3', name: null, role: 'CUSTOMER', email: null, friendIds: [], passwordHash: 'z' },
];
const products: readonly Row[] = [
  {
    __typename: 'Book',
    id: 'p1',
    title: 'Graphs',
    price: 30,
    pages: 300,
    isbn: '1',
    weight: 700,
    dimensions: { size: 'A4', depth: 3 },
  },
  { __typename: 'Film', id: 'p2', title: 'Nodes', price: 12, minutes: 90, directorId: 'u2' },
  { __typename: 'Book', id: 'p3', title: 'Edges', price: null, pages: 80, isbn: null, weight: null, dimensions: null },
  { __typename: 'Film', id: 'p4', title: 'Cycles', price: 9, minutes: null, directorId: null },
];
const reviews: readonly Row[] = [
  { id: 'r1', body: 'good', authorId: 'u1', productId: 'p1', score: 5 },
  { id: 'r2', body: 'bad', authorId: 'u2', productId: 'p1', score: 1 },
  { id: 'r3', body: 'long', authorId: 'u1', productId: 'p2', score: 3 },
  { id: 'r4', body: 'dull', authorId: null, productId: 'p3', score: null },
];

function byId(rows: readonly Row[], id: unknown): Row | null {
  return rows.find((row) => row['id'] === id) ?? null;
}

function stub(typename: string, id: unknown): Row | null {
  return typeof id === 'string' ? { __typename: typename, id } : null;
}

function settingsOf(language: string): (user: Row) => Row | null {
  return ({ id }) => (id === 'u3' ? null : { theme: 'dark', language });
}

/** What the four subgraphs answer, always the same. Wrap it to inject errors. */
export function shopResolvers(): ShopResolvers {
  return { accounts: accounts(), products: productsResolvers(), reviews: reviewsResolvers(), shipping: shipping() };
}

/**
 * The same, but mutations answer what can be fetched again, and change nothing. A deferred part is fetched after all that
 * its mutation does, while an answer as a whole may take a field from what the mutation answered before it did the rest.
 */
export function steadyShopResolvers(): ShopResolvers {
  const resolvers = shopResolvers();
  const added = [...products.map(({ id }) => id), 'p9'].map((productId, index) => {
    return { id: `r${index + 10}`, body: 'new', authorId: 'u1', productId, score: 4 };
  });
  resolvers.accounts.Mutation.userRename = (_: unknown, { id }: Row) => byId(users, id);
  resolvers.reviews.Mutation.reviewAdd = (_: unknown, { product }: Row) =>
    added.find(({ productId }) => productId === product) ?? null;
  resolvers.reviews.Review.__resolveReference = ({ id }: Row) => byId([...reviews, ...added], id);
  return resolvers;
}

function accounts(): ResolverMap {
  const guest = { __typename: 'Guest', id: 'g1', name: 'Guest', visits: 2 };
  const person = (id: unknown): Row | null => (id === 'g1' ? guest : { __typename: 'User', ...byId(users, id) });
  return {
    Query: {
      me: () => users[0],
      users: () => users,
      user: (_: unknown, { id }: Row) => byId(users, id),
      person: (_: unknown, { id }: Row) => person(id),
      people: () => [person('u1'), null, person('g1')],
    },
    Mutation: { userRename: (_: unknown, { id, name }: Row) => ({ ...byId(users, id), name }) },
    Subscription: {
      userEvents: {
        subscribe: async function* (_: unknown, { count }: { count: number }) {
          for (let i = 0; i < count; i++) {
            yield { userEvents: { cursor: String(i + 1), user: users[i % users.length] } };
          }
        },
      },
    },
    User: {
      __resolveReference: ({ id }: Row) => byId(users, id),
      friends: ({ friendIds }: Row) => (friendIds as string[]).map((id) => byId(users, id)),
      settings: settingsOf('en'),
    },
  };
}

function productsResolvers(): ResolverMap {
  const resolve = { __resolveReference: ({ id }: Row) => byId(products, id) };
  return {
    Query: {
      product: (_: unknown, { id }: Row) => byId(products, id),
      products: () => products,
      grid: () => [[products[0], null, products[1]], [], [products[2], products[0]]],
      search: () => [products[0], stub('User', 'u2'), products[1], stub('User', 'u1')],
    },
    Product: resolve,
    Book: resolve,
    Film: { ...resolve, director: ({ directorId }: Row) => stub('User', directorId) },
    User: {
      __resolveReference: (reference: Row) => reference,
      favourite: ({ id }: Row) => (id === 'u1' ? products[1] : id === 'u2' ? products[0] : null),
      wishes: ({ id }: Row, { first }: { first: number }) => (id === 'u3' ? [] : products.slice(0, first)),
    },
  };
}

function reviewsResolvers(): ResolverMap {
  return {
    Query: { review: (_: unknown, { id }: Row) => byId(reviews, id) },
    Mutation: {
      reviewAdd: (_: unknown, { product, body }: Row) => ({
        id: 'r9',
        body,
        authorId: 'u1',
        productId: product,
        score: 4,
      }),
    },
    Product: {
      __resolveReference: (reference: Row) => reference,
      reviews: ({ id }: Row) => reviews.filter(({ productId }) => productId === id),
      averageScore: ({ id }: Row) => (id === 'p4' ? null : 3.5),
    },
    Review: {
      __resolveReference: ({ id }: Row) => byId(reviews, id),
      author: ({ authorId }: Row) =>
        authorId ? { ...stub('User', authorId), name: byId(users, authorId)?.['name'] } : null,
      product: ({ productId }: Row) => stub('Product', productId),
    },
    User: {
      __resolveReference: (reference: Row) => reference,
      reviews: ({ id }: Row) => [...reviews.filter(({ authorId }) => authorId === id), null],
      settings: settingsOf('en'),
      secretNotes: ({ id }: Row) => ({ text: `notes of ${String(id)}` }),
    },
  };
}

function shipping(): ResolverMap {
  return {
    Book: {
      __resolveReference: (reference: Row) => (reference['id'] === 'p9' ? null : reference),
      shippingCost: ({ weight }: Row, { express }: { express: boolean }) =>
        typeof weight === 'number' ? weight * (express ? 2 : 1) : null,
      inStock: ({ id }: Row) => id === 'p1',
    },
    Review: {
      __resolveReference: (reference: Row) => reference,
      helpful: ({ id }: Row) => Number(String(id).slice(1)),
    },
  };
}
