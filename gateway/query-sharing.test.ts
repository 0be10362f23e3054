import { setImmediate } from 'node:timers/promises';
import { type ExecutionResult, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ClientPresence } from './client-presence.js';
import { type Query, type QueryAnswer, QuerySharing } from './query-sharing.js';
import { gatewayOperation } from './testing/gateway-operation.js';

const OPERATION = gatewayOperation(parse('{ a }'));
const QUERY: Query = { operation: OPERATION, variables: { first: 2 }, caller: () => 'ada' };
const RESULT: ExecutionResult = { data: { a: 1 } };

function asker() {
  const sharing = new QuerySharing();
  const started: Query[] = [];
  const answers: PromiseWithResolvers<ExecutionResult>[] = [];
  const ask = (query: Query, presence = new ClientPresence()): Promise<QueryAnswer> =>
    sharing.ask(query, presence, () => {
      started.push(query);
      const answer = Promise.withResolvers<ExecutionResult>();
      answers.push(answer);
      return answer.promise;
    });
  return { sharing, started, answers, ask };
}

describe('queries that are read in one turn', () => {
  it('run once where they are the same, and not before the turn is over', async () => {
    const { started, answers, ask } = asker();
    const asked = [ask(QUERY), ask({ ...QUERY, variables: { first: 2 } }), ask(QUERY)];
    await Promise.resolve();
    expect(started).toEqual([]);
    await setImmediate();
    expect(started).toHaveLength(1);
    answers[0]?.resolve(RESULT);
    for (const answer of await Promise.all(asked)) {
      expect(answer.isShared).toBe(true);
      expect(answer.result).toBe(RESULT);
    }
  });

  it('run each where caller, operation or variables differ', async () => {
    const { started, answers, ask } = asker();
    const queries: Query[] = [
      QUERY,
      { ...QUERY, caller: () => 'bob' },
      { ...QUERY, caller: () => undefined },
      { ...QUERY, caller: () => undefined },
      { ...QUERY, variables: { first: 3 } },
      { ...QUERY, operation: gatewayOperation(parse('{ a }')) },
    ];
    const asked = queries.map(async (query) => ask(query));
    await setImmediate();
    expect(started).toEqual(queries);
    for (const answer of answers) answer.resolve({ data: {} });
    expect((await Promise.all(asked)).map(({ isShared }) => isShared)).toEqual(Array(6).fill(false));
  });

  it('ask who the caller is only where another asks for the same', async () => {
    const { answers, ask } = asker();
    let asked = 0;
    const caller = (): string => `caller ${String((asked += 1))}`;
    const queries = [
      { ...QUERY, caller },
      { ...QUERY, caller, variables: { first: 3 } },
    ];
    const first = queries.map(async (query) => ask(query));
    await setImmediate();
    expect(asked).toBe(0);
    const second = [ask({ ...QUERY, caller }), ask({ ...QUERY, caller })];
    await setImmediate();
    expect(asked).toBe(2);
    for (const answer of answers) answer.resolve(RESULT);
    expect(await Promise.all([...first, ...second])).toHaveLength(4);
  });

  it('do not join what is on its way', async () => {
    const { started, answers, ask } = asker();
    const first = ask(QUERY);
    await setImmediate();
    const second = ask(QUERY);
    await setImmediate();
    expect(started).toHaveLength(2);
    answers[1]?.resolve({ data: { a: 2 } });
    expect((await second).result).toEqual({ data: { a: 2 } });
    answers[0]?.resolve(RESULT);
    expect(await first).toEqual({ result: RESULT, isShared: false });
  });

  it('fail together, also where running throws at once', async () => {
    const { sharing, answers, ask } = asker();
    const asked = [ask(QUERY), ask(QUERY)];
    await setImmediate();
    answers[0]?.reject(new Error('broken'));
    const failed = await Promise.allSettled(asked);
    expect(failed.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(
      Array(2).fill('Error: broken'),
    );
    const thrown = sharing.ask(QUERY, new ClientPresence(), () => {
      throw new Error('at once');
    });
    const next = ask({ ...QUERY, caller: () => 'bob' });
    await expect(thrown).rejects.toThrow('at once');
    answers[1]?.resolve(RESULT);
    expect((await next).result).toBe(RESULT);
  });

  it('go on while one of their clients is left, and are aborted with the last', async () => {
    const { ask } = asker();
    const clients = [new ClientPresence(), new ClientPresence(), new ClientPresence()];
    for (const client of clients) void ask(QUERY, client);
    await setImmediate();
    const [first, second, third] = clients;
    first?.leave(new Error('left'));
    third?.leave(new Error('left'));
    expect(first?.signal.aborted).toBe(false);
    second?.leave(new Error('left last'));
    expect(first?.signal.reason).toEqual(new Error('left last'));
  });

  it('do not count on a client that has gone already', async () => {
    const { started, answers, ask } = asker();
    const gone = new ClientPresence();
    const left = ask(QUERY, gone);
    gone.leave(new Error('left'));
    const asked = ask(QUERY);
    await setImmediate();
    expect(started).toHaveLength(2);
    answers[0]?.reject(new Error('aborted'));
    answers[1]?.resolve(RESULT);
    await expect(left).rejects.toThrow('aborted');
    expect((await asked).result).toBe(RESULT);
  });
});
