import { type FederationCase, link } from '../federation-case.js';

const bread = { __typename: 'Bread', id: 'p1', name: 'Rye' };

/** Interface objects whose key nobody resolves: a value of them has no known type. */
export const unresolvableInterfaceObject: FederationCase = {
  name: 'an @interfaceObject that cannot be resolved',
  subgraphs: {
    a: {
      sdl: `${link('@key', '@interfaceObject')}
        interface Node @key(fields: "id") { id: ID! }
        type Product @key(fields: "id", resolvable: false) @interfaceObject { id: ID! }
        type Query { a: Node product: Product! }`,
      resolvers: {
        Query: { a: () => ({ __typename: 'Node', id: 'n1' }), product: () => ({ __typename: 'Product', id: 'p1' }) },
      },
    },
    b: {
      sdl: `${link('@key', '@interfaceObject')}
        type Node @key(fields: "id", resolvable: false) @interfaceObject { id: ID! field: String }
        interface Product @key(fields: "id") { id: ID! }
        type Bread implements Product @key(fields: "id") { id: ID! name: String! }
        type Query { b: Node }`,
      resolvers: {
        Query: { b: () => ({ __typename: 'Node', id: 'n1' }) },
        Node: { field: () => 'value' },
        Product: { __resolveReference: ({ id }: { id: string }) => (id === bread.id ? bread : null) },
        Bread: { __resolveReference: ({ id }: { id: string }) => (id === bread.id ? bread : null) },
      },
    },
  },
  requests: {
    'answers its own fields': { query: '{ b { id field } }', data: { b: { id: 'n1', field: 'value' } } },
    'answers its key': { query: '{ b { id } }', data: { b: { id: 'n1' } } },
    'is refused where no object type implements the interface': { query: '{ a { field } }', errorPaths: [undefined] },
    'is null with an error where the subgraph answers an unknown type': {
      query: '{ a { id } }',
      data: { a: null },
      errorPaths: [['a']],
    },
    'answers the key of an interface object': { query: '{ product { id } }', data: { product: { id: 'p1' } } },
    'refuses a field of one implementation without a type condition': {
      query: '{ product { id name } }',
      errorPaths: [undefined],
    },
    'finds the type for a type condition': {
      query: '{ product { ... on Bread { id } } }',
      data: { product: { id: 'p1' } },
    },
    'finds the type for __typename': {
      query: '{ product { __typename ... on Bread { name } } }',
      data: { product: { __typename: 'Bread', name: 'Rye' } },
    },
  },
};

/** What a subgraph resolves for an interface is asked of all its types alike: names of one must not reach another. */
export const namesOnInterfaceObject: FederationCase = {
  name: 'one name for different things on the types of an interface object',
  subgraphs: {
    media: {
      sdl: `${link('@key')}
        type Query { items: [Item] }
        interface Item @key(fields: "id") { id: ID! }
        type Book implements Item @key(fields: "id") { id: ID! title: String }
        type Film implements Item @key(fields: "id") { id: ID! }`,
      resolvers: {
        Query: {
          items: () => [
            { __typename: 'Book', id: '1', title: 'Title' },
            { __typename: 'Film', id: '2' },
          ],
        },
      },
    },
    stock: {
      sdl: `${link('@key', '@interfaceObject')}
        type Item @key(fields: "id") @interfaceObject { id: ID! code: String places(first: Int): [Int!] }`,
      resolvers: {
        Item: {
          code: ({ id }: { id: string }) => `code ${id}`,
          places: (_: unknown, { first }: { first: number }) => [1, 2, 3].slice(0, first),
        },
      },
    },
  },
  requests: {
    'tells aliases apart': {
      query: '{ items { ... on Book { x: title y: code } ... on Film { x: code } } }',
      data: { items: [{ x: 'Title', y: 'code 1' }, { x: 'code 2' }] },
    },
    'tells arguments apart': {
      query: '{ items { ... on Book { places(first: 1) } ... on Film { places(first: 2) } } }',
      data: { items: [{ places: [1] }, { places: [1, 2] }] },
    },
  },
};
