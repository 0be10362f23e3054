import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLSchema } from 'graphql';
import { composeSupergraph, type ComposedSupergraph } from '../supergraph.js';
import { InProcessTransport } from '../transports/in-process-transport.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import { shopResolvers, steadyShopResolvers, type ShopResolvers } from './shop-resolvers.js';
import type { TestGraph } from './test-graph.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [
  "@key", "@requires", "@external", "@provides", "@shareable", "@interfaceObject", "@override", "@inaccessible",
  "@tag", "@composeDirective", "@cost", "@listSize"])`;

const ACCESS = `
  extend schema
    @link(url: "https://specs.example.org/access/v1.0", import: ["@access"])
    @composeDirective(name: "@access")
  directive @access(permission: String!) on OBJECT | FIELD_DEFINITION`;

/** Four subgraphs that use what federation offers: a graph to test the gateway with, rich in abstract types. */
export const SHOP_SDL: Readonly<Record<'accounts' | 'products' | 'reviews' | 'shipping', string>> = {
  accounts: `${LINK} ${ACCESS}
    type Query { me: User users: [User!]! user(id: ID!): User }
    type Mutation { userRename(id: ID!, name: String!): User }
    type Subscription { userEvents(count: Int! = 3): UserEvent! }
    type UserEvent { cursor: String! user: User }
    interface Person { id: ID! name: String }
    enum Role { CUSTOMER STAFF HIDDEN @inaccessible }
    type User implements Person @key(fields: "id") {
      id: ID!
      name: String @shareable
      role: Role! @cost(weight: 2)
      email: String @access(permission: "user.email.read")
      friends: [User!]! @listSize(assumedSize: 5)
      passwordHash: String @inaccessible
      settings: Settings @shareable
    }
    type Settings @shareable { theme: String language: String! }
    type Guest implements Person { id: ID! name: String visits: Int! }
    extend type Query { person(id: ID!): Person people: [Person] }
  `,
  products: `${LINK}
    type Query { product(id: ID!): Product products: [Product!]! grid: [[Product]!]! search(text: String): [SearchResult!] }
    interface Product @key(fields: "id") { id: ID! title: String! price: Int }
    type Book implements Product @key(fields: "id") { id: ID! title: String! price: Int pages: Int! dimensions: Dimensions isbn: String @tag(name: "public") weight: Int }
    type Film implements Product @key(fields: "id") { id: ID! title: String! price: Int minutes: Int director: User }
    type Dimensions @shareable { size: String! depth: Int }
    type User @key(fields: "id") { id: ID! favourite: Product wishes(first: Int = 2): [Product!]! }
    union SearchResult = Book | Film | User
  `,
  reviews: `${LINK} ${ACCESS}
    type Query { review(id: ID!): Review }
    type Mutation { reviewAdd(product: ID!, body: String!): Review }
    type Product @interfaceObject @key(fields: "id") { id: ID! reviews: [Review!]! averageScore: Float }
    type Review @key(fields: "id") { id: ID! body: String! author: User @provides(fields: "name") product: Product! score: Int @access(permission: "review.score.read") }
    type User @key(fields: "id") { id: ID! name: String @external reviews: [Review] settings: Settings @shareable secretNotes: Notes }
    type Settings @shareable { theme: String language: String! }
    type Notes @access(permission: "notes.read") { text: String! }
  `,
  shipping: `${LINK}
    type Book @key(fields: "id") { id: ID! weight: Int @external dimensions: Dimensions @external shippingCost(express: Boolean! = false): Int @requires(fields: "weight dimensions { size }") inStock: Boolean! }
    type Dimensions @shareable { size: String! }
    type Review @key(fields: "id") { id: ID! helpful: Int! }
  `,
};

export type ShopService = keyof typeof SHOP_SDL;

export const SHOP: TestGraph<ShopService> = {
  name: 'shop',
  sdl: SHOP_SDL,
  resolvers: steadyShopResolvers,
  interfaceObjects: ['Product'],
  ids: ['u1', 'u2', 'u3', 'u9', 'g1', 'p1', 'p2', 'p3', 'p4', 'p9', 'r1', 'r3', 'r9'],
  depth: 5,
};

let composed: ComposedSupergraph | undefined;

export function shopSupergraph(): ComposedSupergraph {
  composed ??= composeSupergraph(
    Object.entries(SHOP_SDL).map(([name, sdl]) => ({ name, sdl, url: `http://${name}.test/graphql` })),
  );
  return composed;
}

export function shopSchemas(resolvers: ShopResolvers = shopResolvers()): Map<string, GraphQLSchema> {
  return new Map(
    Object.entries(SHOP_SDL).map(([name, sdl]) => [
      name,
      buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers[name as ShopService] }]),
    ]),
  );
}

export function shopTransports(resolvers?: ShopResolvers): Map<string, SubgraphTransport> {
  return new Map([...shopSchemas(resolvers)].map(([name, schema]) => [name, new InProcessTransport(schema)]));
}
