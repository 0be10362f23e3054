/** Whether what a resolver returned is to be waited for. It may be a promise of any make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Goes on when the resolver's promise is fulfilled. The answer is a native promise, whatever made the other one. */
export function after(thenable: PromiseLike<unknown>, onFulfilled: (value: unknown) => unknown): Promise<unknown> {
  const promise = thenable.then(onFulfilled);
  return isPending(promise) ? promise : Promise.resolve(promise);
}

/** Whether one of our own functions answered a promise: those are native, which is cheaper to see than a `then`. */
export function isPending(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}
