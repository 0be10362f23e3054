import { GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from 'graphql';
import { expect, it } from 'vitest';
import { subscribeAfresh } from './subscribe-afresh.js';

let returned = 0;
/** Waits for ever after three events, as an idle stream does. */
function threeEvents(): AsyncIterableIterator<object> {
  let count = 0;
  let stop = (): void => {};
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      count += 1;
      if (count <= 3) return { value: {}, done: false };
      await new Promise<void>((resolve) => (stop = resolve));
      return { value: undefined, done: true };
    },
    async return() {
      returned += 1;
      stop();
      return { value: undefined, done: true };
    },
  };
}

const field = {
  type: GraphQLInt,
  subscribe: threeEvents,
  resolve: (_root: unknown, _args: unknown, context: { n: number }) => context.n,
};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { n: { type: GraphQLInt } } }),
  subscription: new GraphQLObjectType({ name: 'Subscription', fields: { n: field } }),
});

it('resolves each event in a context of its own, and ends while it waits', async () => {
  let n = 0;
  const stream = await subscribeAfresh(
    { schema, document: parse('subscription { n }'), contextValue: { n: -1 } },
    () => ({ n: (n += 1) }),
  );
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  for (const expected of [1, 2, 3])
    expect(await stream.next()).toEqual({ value: { data: { n: expected } }, done: false });
  const waiting = stream.next();
  await stream.return?.();
  expect([await waiting, returned]).toEqual([{ value: undefined, done: true }, 1]);
});

it('answers a subscription that cannot begin with its errors', async () => {
  const answer = await subscribeAfresh({ schema, document: parse('subscription { none }') }, () => ({}));
  expect(answer).toHaveProperty('errors');
});
