import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { DeliveryStream, type DeliveryOptions } from './delivery-stream.js';

const pause = async (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

function endless(): {
  source: AsyncGenerator<ExecutionResult, void, void>;
  state: { sent: number; isClosed: boolean };
} {
  const state = { sent: 0, isClosed: false };
  async function* events(): AsyncGenerator<ExecutionResult, void, void> {
    try {
      while (true) yield { data: { n: state.sent++ } };
    } finally {
      state.isClosed = true;
    }
  }
  return { source: events(), state };
}

function options(overrides: Partial<DeliveryOptions> = {}): DeliveryOptions {
  return {
    bufferMax: 4,
    stallSecondsMax: 0.05,
    signal: new AbortController().signal,
    mask: (result) => result,
    toResult: (error) => ({ errors: [error as never] }),
    onEnd: () => undefined,
    ...overrides,
  };
}

describe('the delivery of a stream', () => {
  it('does not read on while the buffer is full', async () => {
    const { source, state } = endless();
    const stream = new DeliveryStream(source, options({ stallSecondsMax: 10 }));
    await pause(5);
    expect(state.sent).toBe(4);
    expect((await stream.next()).value).toEqual({ data: { n: 0 } });
    await pause(5);
    expect(state.sent).toBe(5);
    await stream.return();
  });

  it('gives a client that stopped reading what is buffered, and then the reason', async () => {
    const { source, state } = endless();
    const stream = new DeliveryStream(source, options());
    await pause(80);
    const rest = await Array.fromAsync(stream);
    expect(rest.slice(0, -1)).toEqual([0, 1, 2, 3].map((n) => ({ data: { n } })));
    expect(rest.at(-1)).toMatchObject({ errors: [{ code: 'SLOW_CONSUMER' }] });
    expect(state.isClosed).toBe(true);
  });

  it('drops what is buffered when access ends', async () => {
    const access = new AbortController();
    let ended = 0;
    const { source, state } = endless();
    const stream = new DeliveryStream(source, options({ signal: access.signal, onEnd: () => void ended++ }));
    await pause(5);
    access.abort(new Error('over'));
    expect(await Array.fromAsync(stream)).toMatchObject([{ errors: [{ message: 'over' }] }]);
    expect({ ended, isClosed: state.isClosed }).toEqual({ ended: 1, isClosed: true });
  });

  it('tells a fault of the source and ends', async () => {
    async function* failing(): AsyncGenerator<ExecutionResult, void, void> {
      yield { data: {} };
      throw new Error('lost');
    }
    const results = await Array.fromAsync(new DeliveryStream(failing(), options()));
    expect(results).toMatchObject([{ data: {} }, { errors: [{ message: 'lost' }] }]);
  });

  it('closes the source when the client goes while it waits for an event', async () => {
    let isClosed = false;
    const never = {
      next: async (): Promise<never> => new Promise(() => undefined),
      return: async () => {
        isClosed = true;
        return { done: true as const, value: undefined };
      },
    } as unknown as AsyncGenerator<ExecutionResult, void, void>;
    const stream = new DeliveryStream(never, options());
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(isClosed).toBe(true);
  });
});
