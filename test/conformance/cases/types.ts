import { expect } from 'vitest';
import { type FederationCase, link } from '../federation-case.js';

const users = [
  { id: 'u1', type: 'REGULAR' },
  { id: 'u2', type: 'ANONYMOUS' },
];
const User = { __resolveReference: ({ id }: { id: string }) => users.find((user) => user.id === id) };

export const enumIntersection: FederationCase = {
  name: 'an enum with a value that is inaccessible, or that one subgraph lacks',
  subgraphs: {
    a: {
      sdl: `${link('@key', '@shareable')}
        type Query { users: [User] } type User @key(fields: "id") { id: ID type: UserType @shareable } enum UserType { REGULAR }`,
      resolvers: { Query: { users: () => users }, User },
    },
    b: {
      sdl: `${link('@key', '@inaccessible', '@shareable')}
        type Query { usersB: [User!] usersByType(type: UserType!): [User!] }
        type User @key(fields: "id") { id: ID type: UserType @shareable } enum UserType { ANONYMOUS @inaccessible REGULAR }`,
      resolvers: {
        Query: {
          usersB: () => users,
          usersByType: (_: unknown, { type }: { type: string }) => users.filter((user) => user.type === type),
        },
        User,
      },
    },
  },
  requests: {
    'reports what the subgraph cannot name': {
      query: '{ users { id type } }',
      data: {
        users: [
          { id: 'u1', type: 'REGULAR' },
          { id: 'u2', type: null },
        ],
      },
      errorPaths: [['users', 1, 'type']],
    },
    'does not show an inaccessible value, nor that there is one': {
      query: '{ usersB { id type } }',
      data: {
        usersB: [
          { id: 'u1', type: 'REGULAR' },
          { id: 'u2', type: null },
        ],
      },
    },
    'does not take an inaccessible value': {
      query: '{ usersByType(type: ANONYMOUS) { id } }',
      errorPaths: [undefined],
    },
  },
};

export const indirectInterfaceObject: FederationCase = {
  name: 'an @interfaceObject beside subgraphs that know only one implementation',
  subgraphs: {
    media: {
      sdl: `${link('@key')} type Query { media: Media } interface Media @key(fields: "id") { id: ID! title: String }
        type Video implements Media @key(fields: "id") { id: ID! title: String duration: Int }
        type Article implements Media @key(fields: "id") { id: ID! title: String words: Int }`,
      resolvers: {
        Query: { media: () => ({ id: '1', title: 'First', duration: 100 }) },
        Media: {
          __resolveType: () => 'Video',
          __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Video', id, title: 'First', duration: 100 }),
        },
        Video: { __resolveReference: ({ id }: { id: string }) => ({ id, title: 'First', duration: 100 }) },
      },
    },
    authors: {
      sdl: `${link('@key')} type Query { unused: Int } extend type Video @key(fields: "id") { id: ID! author: String }`,
      resolvers: { Video: { author: () => 'Jane' } },
    },
    playlists: {
      sdl: `${link('@key', '@interfaceObject')} type Query { playlist: Playlist } type Playlist { id: ID! media: Media }
        type Media @key(fields: "id") @interfaceObject { id: ID! }`,
      resolvers: { Query: { playlist: () => ({ id: 'l', media: { id: '1' } }) } },
    },
  },
  requests: {
    'finds the implementation, and then its fields elsewhere': {
      query: `{ media { id title ... on Video { duration author } ... on Article { words } }
        playlist { media { id ... on Video { duration author } } } }`,
      data: {
        media: { id: '1', title: 'First', duration: 100, author: 'Jane' },
        playlist: { media: { id: '1', duration: 100, author: 'Jane' } },
      },
    },
  },
};

const directive = `${link('@key')} directive @trace(level: Level! = LOW) on FIELD enum Level { LOW HIGH }`;

export const executableDirective: FederationCase = {
  name: 'an executable directive that all subgraphs know',
  subgraphs: {
    a: { sdl: `${directive} type Query { a: String }`, resolvers: { Query: { a: () => 'a' } } },
    b: { sdl: `${directive} type Query { b: String }`, resolvers: { Query: { b: () => 'b' } } },
  },
  requests: {
    'is accepted with and without its argument': {
      query: '{ a @trace(level: HIGH) b @trace }',
      data: { a: 'a', b: 'b' },
    },
  },
};

const composed = (definition: string): string => `${link('@composeDirective')}
  @link(url: "https://specs.example.org/masking/v1.0", import: ["@mask"]) @composeDirective(name: "@mask")
  directive @mask(${definition}) on FIELD enum Masking { ALL FIRST }`;

/** The subgraphs are sent the default of the graph, whatever theirs is. */
export const composedDirective: FederationCase = {
  name: 'an executable directive that comes by @composeDirective',
  subgraphs: {
    a: { sdl: `${composed('as: Masking!')} type Query { a: String }`, resolvers: { Query: { a: () => 'a' } } },
    b: { sdl: `${composed('as: Masking! = ALL')} type Query { b: String }`, resolvers: { Query: { b: () => 'b' } } },
  },
  requests: {
    'is accepted with and without its argument': {
      query: '{ a @mask b @mask(as: FIRST) }',
      data: { a: 'a', b: 'b' },
    },
    'is shown to clients': {
      query: '{ __schema { directives { name args { name defaultValue } } } }',
      data: {
        __schema: {
          directives: expect.arrayContaining([{ name: 'mask', args: [{ name: 'as', defaultValue: 'ALL' }] }]),
        },
      },
    },
  },
};

export const inaccessibleTypes: FederationCase = {
  name: 'a union and an interface with a type that is inaccessible',
  subgraphs: {
    a: {
      sdl: `${link('@key', '@inaccessible')} type Query { things: [Thing] named: Named } union Thing = Open | Hidden
        interface Named { name: String } type Open { id: ID } type Hidden implements Named @inaccessible { id: ID name: String }`,
      resolvers: {
        Query: {
          things: () => [
            { __typename: 'Open', id: '1' },
            { __typename: 'Hidden', id: '2' },
          ],
          named: () => ({ __typename: 'Hidden', name: 'x' }),
        },
      },
    },
  },
  requests: {
    'does not show an object of it, nor that there is one': {
      query: '{ things { __typename ... on Open { id } } named { name } }',
      data: { things: [{ __typename: 'Open', id: '1' }, null], named: null },
    },
  },
};

let sum = 0;

export const serialMutations: FederationCase = {
  name: 'root fields of a mutation in two subgraphs',
  subgraphs: {
    adding: {
      sdl: `${link('@key')} type Query { sum: Int } type Mutation { add(number: Int!): Int! reset: Boolean! }`,
      resolvers: {
        Query: { sum: () => sum },
        Mutation: {
          add: (_: unknown, { number }: { number: number }) => (sum += number),
          reset: () => (sum = 0) === 0,
        },
      },
    },
    multiplying: {
      sdl: `${link('@key')} type Mutation { multiply(by: Int!): Int! }`,
      resolvers: { Mutation: { multiply: (_: unknown, { by }: { by: number }) => (sum *= by) } },
    },
  },
  requests: {
    'run one after the other': {
      query: 'mutation { reset five: add(number: 5) ten: multiply(by: 2) twelve: add(number: 2) end: multiply(by: 3) }',
      data: { reset: true, five: 5, ten: 10, twelve: 12, end: 36 },
    },
  },
};

/** As the first version had it: no `@link`, `extend type`, `@external` keys. */
export const firstFederation: FederationCase = {
  name: 'subgraphs of Federation 1',
  subgraphs: {
    a: {
      sdl: `type Query { users: [User] } type User @key(fields: "id") { id: ID name: String profile: Profile }
        type Profile { id: ID! displayName: String }`,
      resolvers: {
        Query: { users: () => [{ id: 'u1', name: 'one', profile: { id: 'p', displayName: 'One' } }] },
        User: { __resolveReference: ({ id }: { id: string }) => ({ id, name: 'one', profile: null }) },
      },
    },
    b: {
      sdl: `extend type Query { found(id: ID): User @provides(fields: "name") }
        extend type User @key(fields: "id") { id: ID @external name: String @external rid: ID shout: String @requires(fields: "name") }`,
      resolvers: {
        Query: { found: () => ({ id: 'u1', name: 'one', rid: 'r1' }) },
        User: {
          __resolveReference: ({ id, name }: { id: string; name?: string }) => ({ id, name, rid: `r${id.slice(1)}` }),
          shout: ({ name }: { name?: string }) => `${name}!`,
        },
      },
    },
  },
  requests: {
    'are joined by their extended types': {
      query: '{ users { id rid shout profile { displayName } } found { id name rid } }',
      data: {
        users: [{ id: 'u1', rid: 'r1', shout: 'one!', profile: { displayName: 'One' } }],
        found: { id: 'u1', name: 'one', rid: 'r1' },
      },
    },
  },
};
