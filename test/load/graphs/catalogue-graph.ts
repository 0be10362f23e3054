import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, buildASTSchema, parse } from 'graphql';
import { composeSupergraph } from '../../../gateway/index.js';
import { catalogueResolvers, withWholeResolvers } from './catalogue-resolvers.js';

/** In the words of Federation 1, which every contender understands. */
export const CATALOGUE_SDL = {
  products: `
    extend type Query { topProducts(first: Int! = 5): [Product!]! product(id: ID!): Product }
    type Product @key(fields: "id") { id: ID! name: String! price: Int! weight: Int! }`,
  reviews: `
    extend type Product @key(fields: "id") { id: ID! @external reviews: [Review!]! }
    extend type User @key(fields: "id") { id: ID! @external reviews: [Review!]! }
    type Review @key(fields: "id") { id: ID! rating: Int! body: String! author: User! product: Product! }`,
  users: `
    extend type Query { user(id: ID!): User }
    type User @key(fields: "id") { id: ID! name: String! email: String! }`,
  inventory: `
    extend type Product @key(fields: "id") { id: ID! @external inStock: Boolean! warehouse: String! }`,
} as const;

export type CatalogueService = keyof typeof CATALOGUE_SDL;
export const CATALOGUE_SERVICES = Object.keys(CATALOGUE_SDL) as CatalogueService[];

/** The same graph as one schema that knows nothing of federation. */
export const WHOLE_SDL = `
  type Query { topProducts(first: Int! = 5): [Product!]! product(id: ID!): Product user(id: ID!): User }
  type Product { id: ID! name: String! price: Int! weight: Int! reviews: [Review!]! inStock: Boolean! warehouse: String! }
  type Review { id: ID! rating: Int! body: String! author: User! product: Product! }
  type User { id: ID! name: String! email: String! reviews: [Review!]! }`;

export interface CatalogueRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Products, then reviews and stock of each, then the reviewers: three hops, four fetches, some 8 KB. */
export const THREE_HOP_REQUEST: CatalogueRequest = {
  query: `query Catalogue($first: Int!) {
  topProducts(first: $first) {
    id name price inStock warehouse
    reviews { id rating body author { id name email } }
  }
}`,
  variables: { first: 18 },
};

export const ONE_SUBGRAPH_REQUEST: CatalogueRequest = {
  query: `query Top($first: Int!) { topProducts(first: $first) { id name price weight } }`,
  variables: { first: 18 },
};

/** Of the subgraph that large operations leave alone. */
export const USER_REQUEST: CatalogueRequest = {
  query: `query User($id: ID!) { user(id: $id) { id name email } }`,
  variables: { id: 'user-7' },
};

export function catalogueSupergraph(urlOf: (name: CatalogueService) => string): string {
  return composeSupergraph(CATALOGUE_SERVICES.map((name) => ({ name, sdl: CATALOGUE_SDL[name], url: urlOf(name) })))
    .sdl;
}

export function catalogueSchema(name: CatalogueService): GraphQLSchema {
  return buildSubgraphSchema([{ typeDefs: parse(CATALOGUE_SDL[name]), resolvers: catalogueResolvers[name] }]);
}

export function wholeSchema(): GraphQLSchema {
  return withWholeResolvers(buildASTSchema(parse(WHOLE_SDL)));
}
