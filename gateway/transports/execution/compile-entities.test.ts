import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { operationOf } from '../../testing/operation-of.js';
import { CompiledOperation } from './compiled-operation.js';

const SDL = `
  type Query { name: String }
  type Item @key(fields: "id") { id: ID! name: String! }
  type Bare @key(fields: "id") { id: ID! }
  type Checked @key(fields: "id") { id: ID! }
  interface Node @key(fields: "id") { id: ID! }
  type Leaf implements Node @key(fields: "id") { id: ID! }`;

/** What the reference resolver of `Item` does, by the id it is asked for. */
const FOUND: Readonly<Record<string, () => unknown>> = {
  plain: () => ({ id: 'plain', name: 'Plain' }),
  later: async () => Promise.resolve({ id: 'later', name: 'Later' }),
  none: () => null,
  noneLater: async () => Promise.resolve(null),
  nothing: () => undefined,
  text: () => 'text',
  number: async () => Promise.resolve(5),
  error: () => new Error('an error as a value'),
  rejected: async () => Promise.reject(new Error('rejected')),
  nameless: () => ({ id: 'nameless', name: null }),
  namelessLater: async () => Promise.resolve({ id: 'nameless', name: Promise.reject(new Error('no name')) }),
  marked: () => ({ __typename: 'Bare', id: 'marked', name: 'Marked otherwise' }),
  thrown: () => {
    throw new Error('thrown');
  },
};

const RESOLVERS = {
  Item: { __resolveReference: ({ id }: { id: string }) => FOUND[id]?.() },
  Checked: {
    __isTypeOf: (value: { __typename?: string }) => value.__typename === 'Checked',
    __resolveReference: ({ id }: { id: string }) => ({ id }),
  },
  Node: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Leaf', id }) },
  Leaf: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
};
const schema = buildSubgraphSchema([{ typeDefs: parse(SDL), resolvers: RESOLVERS as never }]);

const TEXT = `query ($list: [_Any!]!) { found: _entities(representations: $list) {
  __typename ... on Item { id name } ... on Bare { id } ... on Checked { id } ... on Leaf { id } } }`;

async function both(list: readonly unknown[]): Promise<{ ours: unknown; theirs: unknown; isSynchronous: boolean }> {
  const variables = { list };
  const answer = new CompiledOperation(schema, operationOf(TEXT)).execute({ variables, context: {} });
  const theirs = await execute({ schema, document: parse(TEXT), variableValues: variables });
  const told = ({ data, errors }: Awaited<typeof answer>): unknown => ({
    data,
    errors: errors?.map(({ message, path }) => `${path?.join('.')}: ${message}`).sort(),
  });
  return { ours: told(await answer), theirs: told(theirs), isSynchronous: !(answer instanceof Promise) };
}

describe('entities', () => {
  const ids = Object.keys(FOUND);
  for (const id of ids) {
    it(`are answered as by @apollo/subgraph: ${id}`, async () => {
      const { ours, theirs } = await both([
        { __typename: 'Item', id: 'plain' },
        { __typename: 'Item', id },
      ]);
      expect(ours).toEqual(theirs);
    });
  }

  it('are answered all together, except beside one that throws', async () => {
    const { ours, theirs } = await both(ids.filter((id) => id !== 'thrown').map((id) => ({ __typename: 'Item', id })));
    expect(ours).toEqual(theirs);
    expect((ours as { data: { found: unknown[] } }).data.found).toHaveLength(ids.length - 1);
  });

  it('are answered at once if they are found at once', async () => {
    const { isSynchronous } = await both([{ __typename: 'Item', id: 'plain' }]);
    expect(isSynchronous).toBe(true);
  });

  it.each(['Bare', 'Checked', 'Node', 'Leaf', 'Unknown', undefined])(
    'of every kind are answered alike: %s',
    async (name) => {
      const { ours, theirs } = await both([
        { __typename: 'Item', id: 'plain' },
        { __typename: name, id: 'other' },
      ]);
      expect(ours).toEqual(theirs);
    },
  );
});
