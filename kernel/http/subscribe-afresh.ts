import { type ExecutionArgs, type ExecutionResult, createSourceEventStream, execute } from 'graphql';

/**
 * graphql-js's `subscribe`, but each event is resolved in a context of its own: `subscribe` resolves all events of a
 * stream in one context, whose loaders would answer the second event with what they remember of the first.
 */
export async function subscribeAfresh(
  args: ExecutionArgs,
  freshContext: () => unknown,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const events = source[Symbol.asyncIterator]();
  const results: AsyncIterableIterator<ExecutionResult> = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const event = await events.next();
      if (event.done === true) return { value: undefined, done: true };
      return { value: await execute({ ...args, rootValue: event.value, contextValue: freshContext() }), done: false };
    },
    // No generator: one that waits for an event would only hear of its end at the next event.
    async return() {
      await events.return?.();
      return { value: undefined, done: true };
    },
  };
  return results;
}
