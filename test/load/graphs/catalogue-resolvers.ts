import type { GraphQLSchema } from 'graphql';
import type { CatalogueService } from './catalogue-graph.js';

type Row = Readonly<Record<string, unknown>>;
type Resolver = (source: Row, args: Row) => unknown;
export type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;

const REVIEWS_PER_PRODUCT = 3;
const WORDS = ['quiet', 'sturdy', 'light', 'does what it says', 'arrived late', 'would buy again', 'as described'];

const users: readonly Row[] = Array.from({ length: 25 }, (_, index) => ({
  id: `user-${index}`,
  name: `Reviewer ${index}`,
  email: `reviewer-${index}@example.com`,
}));
const products: readonly Row[] = Array.from({ length: 50 }, (_, index) => ({
  id: `product-${index}`,
  name: `Product number ${index}`,
  price: 990 + 10 * index,
  weight: 100 + index,
  inStock: index % 3 !== 0,
  warehouse: `warehouse-${index % 4}`,
}));
const reviews: readonly Row[] = Array.from({ length: products.length * REVIEWS_PER_PRODUCT }, (_, index) => ({
  id: `review-${index}`,
  rating: 1 + (index % 5),
  body: `${WORDS[index % WORDS.length]}, ${WORDS[(index * 3 + 1) % WORDS.length]}`,
  authorId: `user-${(index * 7) % users.length}`,
  productId: `product-${Math.floor(index / REVIEWS_PER_PRODUCT)}`,
}));

const byId = (rows: readonly Row[]): ReadonlyMap<unknown, Row> => new Map(rows.map((row) => [row['id'], row]));
const productById = byId(products);
const userById = byId(users);
const reviewById = byId(reviews);
const reviewsOf = Map.groupBy(reviews, ({ productId }) => productId);
const reviewsBy = Map.groupBy(reviews, ({ authorId }) => authorId);

const found =
  (rows: ReadonlyMap<unknown, Row>): Resolver =>
  ({ id }) =>
    rows.get(id) ?? null;
const topProducts: Resolver = (_source, { first }) => products.slice(0, first as number);
const product: Resolver = (_source, { id }) => productById.get(id) ?? null;
const user: Resolver = (_source, { id }) => userById.get(id) ?? null;
const productReviews: Resolver = ({ id }) => reviewsOf.get(id) ?? [];
const userReviews: Resolver = ({ id }) => reviewsBy.get(id) ?? [];

/** Rows in memory: no contender waits for data. */
export const catalogueResolvers: Readonly<Record<CatalogueService, Resolvers>> = {
  products: { Query: { topProducts, product }, Product: { __resolveReference: found(productById) } },
  reviews: {
    Product: { __resolveReference: (reference) => reference, reviews: productReviews },
    User: { __resolveReference: (reference) => reference, reviews: userReviews },
    Review: {
      __resolveReference: found(reviewById),
      author: ({ authorId }) => ({ id: authorId }),
      product: ({ productId }) => ({ id: productId }),
    },
  },
  users: { Query: { user }, User: { __resolveReference: found(userById) } },
  inventory: { Product: { __resolveReference: found(productById) } },
};

export const wholeResolvers: Resolvers = {
  Query: { topProducts, product, user },
  Product: { reviews: productReviews },
  User: { reviews: userReviews },
  Review: {
    author: ({ authorId }) => userById.get(authorId),
    product: ({ productId }) => productById.get(productId),
  },
};

/** Gives a schema of the whole graph, made by whatever copy of graphql-js, its resolvers. */
export function withWholeResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const [typeName, fields] of Object.entries(wholeResolvers)) {
    const type = schema.getType(typeName);
    if (type === undefined || !('getFields' in type)) throw new Error(`${typeName} has no fields`);
    for (const [name, resolve] of Object.entries(fields)) Object.assign(type.getFields()[name] ?? {}, { resolve });
  }
  return schema;
}
