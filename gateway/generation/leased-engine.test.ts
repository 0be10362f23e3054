import { buildSchema, parse, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Engine, SubscriptionRequest } from '../engine/engine.js';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { LeasedEngine } from './leased-engine.js';

const REQUEST: SubscriptionRequest = {
  operation: gatewayOperation(parse('{ a }')),
  variables: {},
  context: undefined,
};

async function* events(): AsyncGenerator<ExecutionResult, void, void> {
  for (let count = 1; count <= 3; count++) yield { data: { count } };
}

function engine(overrides: Partial<Engine> = {}): LeasedEngine {
  return new LeasedEngine({
    apiSchema: buildSchema('type Query { a: Int }'),
    execute: async () => ({ data: {} }),
    executeIncrementally: async () => ({ data: {} }),
    subscribe: async () => events(),
    ...overrides,
  });
}

async function isAtRest(leased: LeasedEngine): Promise<boolean> {
  return Promise.race([
    leased.retire().then(() => true),
    new Promise((resolve) => setImmediate(resolve, false)),
  ]) as Promise<boolean>;
}

describe('the leased engine', () => {
  it('is at rest at once when nothing runs', async () => {
    expect(await isAtRest(engine())).toBe(true);
  });

  it('waits for requests, whether they succeed or not', async () => {
    const gate = Promise.withResolvers<ExecutionResult>();
    const leased = engine({ execute: async () => gate.promise });
    const asked = Promise.allSettled([leased.execute(REQUEST), leased.execute(REQUEST)]);
    expect([await isAtRest(leased), leased.running]).toEqual([false, 2]);
    gate.reject(new Error('broken'));
    await asked;
    expect([await isAtRest(leased), leased.running]).toEqual([true, 0]);
  });

  it.each<[string, (stream: AsyncGenerator<ExecutionResult, void, void>) => Promise<unknown>]>([
    ['by itself', async (stream) => Array.fromAsync(stream)],
    ['by the client', async (stream) => stream.return()],
    ['by the client twice', async (stream) => Promise.all([stream.return(), stream.return()])],
    ['by an error', async (stream) => stream.throw(new Error('stop')).catch(() => undefined)],
  ])('waits for a stream until it is ended %s', async (_, end) => {
    const leased = engine();
    const stream = await leased.subscribe(REQUEST);
    if (!(Symbol.asyncIterator in stream)) throw new Error('no stream');
    expect(await stream.next()).toEqual({ value: { data: { count: 1 } }, done: false });
    expect(await isAtRest(leased)).toBe(false);
    await end(stream);
    expect([await isAtRest(leased), leased.running]).toEqual([true, 0]);
  });

  it('waits for the later parts of an answer', async () => {
    const leased = engine({
      executeIncrementally: async () => ({
        initial: { data: {}, hasNext: true },
        subsequent: (async function* () {
          yield { hasNext: false };
        })(),
      }),
    });
    const answer = await leased.executeIncrementally(REQUEST);
    if (!('initial' in answer)) throw new Error('all at once');
    expect(await isAtRest(leased)).toBe(false);
    expect(await Array.fromAsync(answer.subsequent)).toEqual([{ hasNext: false }]);
    expect(await isAtRest(leased)).toBe(true);
  });

  it('does not count a subscription that was refused', async () => {
    const leased = engine({ subscribe: async () => ({ errors: [] }) });
    await leased.subscribe(REQUEST);
    expect(await isAtRest(leased)).toBe(true);
  });
});
