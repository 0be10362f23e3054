import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { operationOf } from '../../testing/operation-of.js';
import { AnswerFault } from '../answer-fault.js';
import { FetchGathering } from './fetch-gathering.js';
import type { SubgraphCall, SubgraphResult } from '../subgraph-transport.js';

const TEXT =
  'query ($representations: [_Any!]!, $unit: String) { _entities(representations: $representations) { ... on Item { name(unit: $unit) } } }';

const schema = buildSubgraphSchema([
  {
    typeDefs: parse(
      'type Query { none: Int item(id: ID!): Item sure(id: ID!): ID! } type Item @key(fields: "id") { id: ID! name(unit: String): String }',
    ),
    resolvers: {
      Query: {
        item: (_: unknown, { id }: { id: string }) => ({ id }),
        sure: (_: unknown, { id }: { id: string }) => (id === 'unsure' ? null : id),
      },
      Item: {
        __resolveReference: ({ id }: { id: string }) => {
          if (id === 'fatal') throw new Error('all are lost');
          return { id };
        },
        name: ({ id }: { id: string }, { unit }: { unit?: string }) => {
          if (id.startsWith('bad')) throw new Error(`${id} has no name`);
          return `${id}${unit ?? ''}`;
        },
      },
    } as never,
  },
]);

/** The ids that each request asked for. */
let asked: string[][];
let signals: (AbortSignal | undefined)[];
let gathering: FetchGathering;

/** Sends a fetch to the subgraph, as a transport does. */
async function ask({ representations, signal, variables }: SubgraphCall): Promise<SubgraphResult> {
  const list = ((representations?.['representations'] ?? []) as string[]).map(
    (text) => JSON.parse(text) as { id: string },
  );
  asked.push(list.map(({ id }) => id));
  signals.push(signal);
  const { data, errors } = await graphql({
    schema,
    source: TEXT,
    variableValues: { ...variables, representations: list },
  });
  return errors ? { data, errors: errors.map((error) => error.toJSON()) } : { data };
}

function gatherBy(send: (call: SubgraphCall) => Promise<SubgraphResult>): void {
  const made = FetchGathering.of(operationOf(TEXT), () => send);
  if (!made) throw new Error('this operation fetches entities');
  gathering = made;
}

async function fetch(ids: readonly string[], options: Partial<SubgraphCall> & { caller?: string } = {}) {
  const { caller = 'ada', ...call } = options;
  const representations = ids.map((id) => JSON.stringify({ __typename: 'Item', id }));
  return gathering.fetch(caller, { variables: {}, context: {}, representations: { representations }, ...call });
}

function named(...names: string[]): object {
  return { data: { _entities: names.map((name) => ({ name })) } };
}

beforeEach(() => {
  asked = [];
  signals = [];
  gatherBy(ask);
});

describe('fetches of entities in one turn', () => {
  it('are sent as one that asks for each entity once', async () => {
    const answers = await Promise.all([fetch(['a', 'b']), fetch(['b', 'c']), fetch(['c', 'a'])]);
    expect(asked).toEqual([['a', 'b', 'c']]);
    expect(answers).toEqual([
      { ...named('a', 'b'), isShared: true },
      { ...named('b', 'c'), isShared: true },
      { ...named('c', 'a'), isShared: true },
    ]);
  });

  it('are sent as they are if there is only one', async () => {
    expect(await fetch(['a', 'a'])).toEqual(named('a', 'a'));
    expect(asked).toEqual([['a', 'a']]);
  });

  it('are not gathered across turns, callers or variables', async () => {
    await fetch(['a']);
    await Promise.all([fetch(['a']), fetch(['b'], { caller: 'ben' }), fetch(['c'], { variables: { unit: 'kg' } })]);
    expect(asked).toEqual([['a'], ['a'], ['b'], ['c']]);
  });

  it('are sent apart where they are too many for one', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `n${i}`);
    const [first, second, third] = await Promise.all([fetch(many), fetch(many), fetch(['a'])]);
    expect(asked.map(({ length }) => length)).toEqual([300, 301]);
    expect(first).toEqual(named(...many));
    expect(second).toEqual({ ...named(...many), isShared: true });
    expect(third).toEqual({ ...named('a'), isShared: true });
  });

  it('are told the errors of their own entities, where those stand in their own answer', async () => {
    const [first, second, third] = await Promise.all([fetch(['a', 'bad1']), fetch(['bad2', 'bad1']), fetch(['a'])]);
    expect(asked).toHaveLength(1);
    const paths = ({ errors = [] }: SubgraphResult): unknown => errors.map(({ message, path }) => [message, path]);
    expect(paths(first)).toEqual([['bad1 has no name', ['_entities', 1, 'name']]]);
    expect(paths(second)).toEqual([
      ['bad2 has no name', ['_entities', 0, 'name']],
      ['bad1 has no name', ['_entities', 1, 'name']],
    ]);
    expect(third).toEqual({ ...named('a'), isShared: true });
  });

  it('are sent alone again where one of them makes the answer void', async () => {
    const [good, fatal] = await Promise.all([fetch(['a']), fetch(['fatal'])]);
    expect(asked).toEqual([['a', 'fatal'], ['a'], ['fatal']]);
    expect(good).toEqual(named('a'));
    expect(fatal).toMatchObject({ data: null, errors: [{ message: 'all are lost' }] });
  });
});

describe('where a gathered fetch fails', () => {
  const failure = (kind: 'none' | 'bad' | 'tooLarge'): PlatformError =>
    new PlatformError('UNAVAILABLE', 'no answer', {}, { cause: new AnswerFault(kind, 'failed') });

  it.each(['bad', 'tooLarge'] as const)('each is sent alone again if the answer was %s', async (kind) => {
    gatherBy(async (call) => {
      const answer = await ask(call);
      if (asked.length === 1) throw failure(kind);
      return answer;
    });
    expect(await Promise.all([fetch(['a']), fetch(['b'])])).toEqual([named('a'), named('b')]);
    expect(asked).toEqual([['a', 'b'], ['a'], ['b']]);
  });

  it('none is sent again if the subgraph did not answer', async () => {
    gatherBy(async (call) => {
      await ask(call);
      throw failure('none');
    });
    const settled = await Promise.allSettled([fetch(['a']), fetch(['b'])]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toHaveLength(1);
  });
});

describe('clients that go', () => {
  it('do not disturb the others, and end the fetch when the last has gone', async () => {
    const arrived = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<SubgraphResult>();
    gatherBy(async ({ signal }) => {
      signals.push(signal);
      arrived.resolve();
      return answer.promise;
    });
    const clients = [new AbortController(), new AbortController(), new AbortController()];
    const fetches = clients.map(async ({ signal }) => fetch(['a'], { signal }));
    const settled = Promise.allSettled(fetches);
    await arrived.promise;
    clients[0]?.abort(new Error('gone'));
    await expect(fetches[0]).rejects.toThrow('gone');
    expect(signals[0]?.aborted).toBe(false);
    for (const client of clients) client.abort(new Error('gone'));
    expect(signals[0]?.aborted).toBe(true);
    answer.reject(new Error('gone'));
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

describe('fetches of root fields in one turn', () => {
  const ROOT = 'query ($id: ID!, $unit: String = "g") { item(id: $id) { name(unit: $unit) } sure(id: $id) }';

  /** What was asked, and a way to ask. */
  function subgraph(refuse = false): { texts: string[]; fetch: (variables: object) => Promise<SubgraphResult> } {
    const texts: string[] = [];
    const made = FetchGathering.of(operationOf(ROOT), ({ text }) => async ({ variables }) => {
      texts.push(text);
      if (refuse && text.includes('of1_')) return { errors: [{ message: 'too many aliases' }] };
      const { data, errors } = await graphql({ schema, source: text, variableValues: variables });
      return errors ? { data, errors: errors.map((error) => error.toJSON()) } : { data };
    });
    if (!made) throw new Error('this operation can be gathered');
    const fetchOne = async (variables: object): Promise<SubgraphResult> =>
      made.fetch('ada', { variables: variables as Record<string, unknown>, context: {} });
    return { texts, fetch: fetchOne };
  }

  const alone = (id: string, unit = 'g'): object => ({ item: { name: `${id}${unit}` }, sure: id });

  it('are one that asks once with each set of variables', async () => {
    const { texts, fetch: ask } = subgraph();
    const answers = await Promise.all([ask({ id: 'a' }), ask({ id: 'b', unit: 'kg' }), ask({ id: 'a' })]);
    expect(texts).toHaveLength(1);
    expect(answers.map(({ data }) => data)).toEqual([alone('a'), alone('b', 'kg'), alone('a')]);
    expect(answers.every(({ isShared }) => isShared)).toBe(true);
  });

  it('are sent as they stand if they are all alike, or only one', async () => {
    const { texts, fetch: ask } = subgraph();
    expect(await ask({ id: 'a' })).toEqual({ data: alone('a') });
    const alike = await Promise.all([ask({ id: 'b' }), ask({ id: 'b' })]);
    expect(alike).toEqual([
      { data: alone('b'), isShared: true },
      { data: alone('b'), isShared: true },
    ]);
    expect(texts).toEqual([ROOT, ROOT]);
  });

  it('are told the errors of their own fields, by their own names', async () => {
    const { texts, fetch: ask } = subgraph();
    const [good, bad] = await Promise.all([ask({ id: 'a' }), ask({ id: 'bad' })]);
    expect(texts).toHaveLength(1);
    expect(good).toEqual({ data: alone('a'), errors: [], isShared: true });
    expect(bad?.data).toEqual({ item: { name: null }, sure: 'bad' });
    expect(bad?.errors?.map(({ path }) => path)).toEqual([['item', 'name']]);
  });

  it('are sent alone again where one of them makes the answer void, and gathered the next time', async () => {
    const { texts, fetch: ask } = subgraph();
    const [good, fatal] = await Promise.all([ask({ id: 'a' }), ask({ id: 'unsure' })]);
    expect(good).toEqual({ data: alone('a') });
    expect(fatal).toMatchObject({ data: null, errors: [{ path: ['sure'] }] });
    await Promise.all([ask({ id: 'a' }), ask({ id: 'b' })]);
    expect(texts).toHaveLength(4);
  });

  it('are not gathered any more at a subgraph that refuses it', async () => {
    const { texts, fetch: ask } = subgraph(true);
    const both = async (): Promise<unknown> => Promise.all([ask({ id: 'a' }), ask({ id: 'b' })]);
    expect(await both()).toEqual([{ data: alone('a') }, { data: alone('b') }]);
    expect(texts).toHaveLength(3);
    expect(await both()).toEqual([{ data: alone('a') }, { data: alone('b') }]);
    expect(texts).toHaveLength(5);
  });

  it('are eight at most', async () => {
    const { texts, fetch: ask } = subgraph();
    await Promise.all(Array.from({ length: 10 }, async (_, i) => ask({ id: `n${i}` })));
    expect(texts.map((text) => text.match(/item\(/g)?.length)).toEqual([8, 2]);
  });
});

describe('an operation', () => {
  it.each([
    '{ none }',
    'mutation ($id: ID!) { change(id: $id) }',
    'query ($id: ID!) { ...Root } fragment Root on Query { item(id: $id) { name } }',
    'query ($id: ID!) { ... on Query { item(id: $id) { name } } }',
    'query ($list: [_Any!]!) { some: _entities(representations: $list) { __typename } }',
  ])('that is neither a query of entities nor one of root fields with variables is not gathered: %s', (text) => {
    expect(FetchGathering.of(operationOf(text), () => ask)).toBeUndefined();
  });
});
