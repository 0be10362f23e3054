import { type FederationCase, link } from '../federation-case.js';

interface Part {
  readonly id: string;
  readonly serial: string;
  readonly place: { readonly row: string; readonly shelf: string; readonly bin: string };
  readonly name: string;
}

const parts = new Map<string, Part>(
  ['1', '2'].map((id) => [
    id,
    { id, serial: `serial-${id}`, place: { row: `r${id}`, shelf: `s${id}`, bin: `b${id}` }, name: `part ${id}` },
  ]),
);

/** Keys that only some subgraphs resolve: the way from one to the other needs two of them together. */
export const mixedKeys: FederationCase = {
  name: 'keys of which each subgraph resolves another',
  subgraphs: {
    parts: {
      sdl: `${link('@key')}
        type Query { parts: Int }
        type Part
          @key(fields: "id") @key(fields: "serial", resolvable: false)
          @key(fields: "place { row shelf }", resolvable: false)
          @key(fields: "id place { shelf bin }", resolvable: false) {
          id: ID! serial: ID! place: Place! name: String! }
        type Place { row: ID! shelf: ID! bin: ID! }`,
      resolvers: { Part: { __resolveReference: ({ id }: Part) => parts.get(id) } },
    },
    machines: {
      sdl: `${link('@key', '@requires', '@external')}
        type Query { machine: Machine }
        type Machine @key(fields: "id") { id: ID! parts: [Part!]! }
        type Part
          @key(fields: "place { row shelf }", resolvable: false) @key(fields: "id place { shelf bin }")
          @key(fields: "serial", resolvable: false) @key(fields: "id", resolvable: false) {
          id: ID! serial: ID! place: Place! name: String! @external label: String! @requires(fields: "name") }
        type Place { row: ID! shelf: ID! bin: ID! }`,
      resolvers: {
        Query: { machine: () => ({ id: 'm' }) },
        Machine: {
          parts: () => [...parts.values()].map(({ id, serial, place }) => ({ __typename: 'Part', id, serial, place })),
        },
        Part: {
          __resolveReference: ({ id, place, name }: Part) => {
            const known = parts.get(id);
            if (known?.place.shelf !== place.shelf || known.place.bin !== place.bin) return null;
            return { ...known, name };
          },
          label: ({ name }: Partial<Part>) => {
            if (name === undefined) throw new Error('the name was not sent');
            return `label of ${name}`;
          },
        },
      },
    },
  },
  requests: {
    'comes back by another key with what @requires asks for': {
      query: '{ machine { id parts { id name label } } }',
      data: {
        machine: {
          id: 'm',
          parts: [
            { id: '1', name: 'part 1', label: 'label of part 1' },
            { id: '2', name: 'part 2', label: 'label of part 2' },
          ],
        },
      },
    },
    'does so when nothing else is asked for': {
      query: '{ machine { parts { label } } }',
      data: { machine: { parts: [{ label: 'label of part 1' }, { label: 'label of part 2' }] } },
    },
  },
};
