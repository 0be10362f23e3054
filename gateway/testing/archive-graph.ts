import { archiveResolvers } from './archive-resolvers.js';
import type { TestGraph } from './test-graph.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [
  "@key", "@requires", "@external", "@provides", "@shareable", "@interfaceObject", "@override"])`;

const SDL = {
  catalog: `${LINK}
    type Query { items: [Item] item(id: ID!): Item shelves: [[Item!]]! entries: [Entry!] nodes: [Node]! papers: [Paper] }
    interface Node { id: ID! }
    interface Item implements Node @key(fields: "id") { id: ID! name: String }
    interface Paper implements Node { id: ID! pages: Int }
    type Novel implements Item & Paper & Node @key(fields: "id") @key(fields: "isbn region") {
      id: ID! name: String isbn: ID! region: Region! pages: Int media: Media author: Author! sequel: Novel
    }
    type Journal implements Item & Paper & Node @key(fields: "id") { id: ID! name: String pages: Int issue: Int! related: [Item!] }
    type Record implements Item & Node @key(fields: "id") { id: ID! name: String tracks: [[Track]!] artist: Author cover: Image }
    type Track { title: String! seconds: Int guests: [Author!] }
    type Remark { text: String! about: Node }
    type Image @shareable { url: String! width: Int }
    union Entry = Novel | Record | Remark | Author
    union Media = Print | Audio
    type Print @shareable { sheets: Int! }
    type Audio @shareable { minutes: Int! }
    enum Region { EU US ASIA }
    type Author @key(fields: "id") { id: ID! born: Int }
  `,
  people: `${LINK}
    type Query { authors: [Author!]! author(first: String!, last: String): Author }
    type Author @key(fields: "id") @key(fields: "name { first last }") {
      id: ID! name: Name! nicknames: [[String!]] born: Int @override(from: "catalog") friends: [Author] portrait: Image
    }
    type Name @shareable { first: String! last: String }
    type Image @shareable { url: String! width: Int }
  `,
  stock: `${LINK}
    type Query { holds: [Hold] }
    type Item @interfaceObject @key(fields: "id") { id: ID! stock: Stock holds(first: Int = 2): [Hold!] }
    type Stock { count: Int! place: Place places: [[Place]] }
    union Place = Shelf | Depot
    type Shelf { row: Int! column: Int }
    type Depot { city: String! keeper: Author }
    type Hold @key(fields: "number item { id }") { number: Int! item: Item! by: Author @provides(fields: "name { first }") }
    type Author @key(fields: "id") { id: ID! name: Name! @external }
    type Name @shareable { first: String! last: String }
  `,
  rights: `${LINK}
    type Query { cheapest: Novel }
    enum Region { EU US ASIA }
    union Media = Print | Audio
    type Print @shareable { sheets: Int! }
    type Audio @shareable { minutes: Int! }
    type Novel @key(fields: "isbn region") {
      isbn: ID! region: Region! media: Media @external
      fee(days: Int = 1): Int @requires(fields: "media { ... on Print { sheets } ... on Audio { minutes } }")
      holder: Author!
    }
    type Record @key(fields: "id") { id: ID! artist: Author @external credit: String @requires(fields: "artist { id }") }
    type Author @key(fields: "name { first last }") @key(fields: "id", resolvable: false) { id: ID! name: Name! contracts: [Contract] signature: String! @requires(fields: "nicknames") nicknames: [[String!]] @external }
    type Name @shareable { first: String! last: String }
    type Contract { until: String novel: Novel }
  `,
  desk: `${LINK}
    type Item @interfaceObject @key(fields: "id") { id: ID! shownIn: String stockCode: String }
    type Hold @key(fields: "number item { id }") { number: Int! item: Item! status: Status! position: Int }
    enum Status { WAITING READY }
  `,
};

/**
 * A graph of abstract types: interfaces of interfaces, unions of entities and values, interface objects in two subgraphs,
 * compound and nested keys, `@requires` through fragments and across subgraphs, lists of lists.
 */
export const ARCHIVE: TestGraph<keyof typeof SDL> = {
  name: 'archive',
  sdl: SDL,
  resolvers: archiveResolvers,
  interfaceObjects: ['Item'],
  ids: ['n1', 'n2', 'j1', 'r1', 'r2', 'x9', 'a1', 'a2'],
  depth: 3,
};
