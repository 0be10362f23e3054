import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { DeliveryStream } from './delivery-stream.js';
import { StreamSource } from './stream-source.js';

const pause = async (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

type Source = AsyncGenerator<ExecutionResult, void, void>;

function endless(): { source: Source; state: { sent: number; isClosed: boolean } } {
  const state = { sent: 0, isClosed: false };
  async function* events(): Source {
    try {
      while (true) yield { data: { n: state.sent++ } };
    } finally {
      state.isClosed = true;
    }
  }
  return { source: events(), state };
}

/** A source whose results have the position `n`. */
function sourceOf(upstream: Source, stallMillisecondsMax = 50): StreamSource {
  const shape = {
    cursorOf: ({ data }: ExecutionResult) => (data ? `c${String(data['n'])}` : undefined),
    at: (result: ExecutionResult) => result,
  };
  return new StreamSource(
    upstream,
    { shape, mask: (result) => result },
    { stallMillisecondsMax, moved: () => undefined, closed: () => undefined },
  );
}

function readerOf(source: StreamSource, options: { signal?: AbortSignal; onEnd?: () => void } = {}): DeliveryStream {
  const reader = new DeliveryStream(
    {
      bufferMax: 4,
      toResult: (error, lastCursor) => ({ errors: [error as never], extensions: { lastCursor } }),
      onEnd: (ended) => {
        options.onEnd?.();
        source.detach(ended);
      },
      onTaken: () => undefined,
    },
    options.signal,
  );
  source.attach(reader, false);
  return reader;
}

describe('the delivery of a stream', () => {
  it('does not read on while the buffer is full', async () => {
    const { source: upstream, state } = endless();
    const source = sourceOf(upstream, 10_000);
    const stream = readerOf(source);
    source.start();
    await pause(20);
    expect(state.sent).toBe(4);
    expect((await stream.next()).value).toEqual({ data: { n: 0 } });
    await pause(20);
    expect(state.sent).toBe(5);
    await stream.return();
    expect(state.isClosed).toBe(true);
  });

  it('gives a client that stopped reading what is buffered, and then the reason and the position to resume from', async () => {
    const { source: upstream, state } = endless();
    const source = sourceOf(upstream);
    const stream = readerOf(source);
    source.start();
    await pause(120);
    const rest = await Array.fromAsync(stream);
    expect(rest.slice(0, -1)).toEqual([0, 1, 2, 3].map((n) => ({ data: { n } })));
    expect(rest.at(-1)).toMatchObject({ errors: [{ code: 'SLOW_CONSUMER' }], extensions: { lastCursor: 'c3' } });
    expect(state.isClosed).toBe(true);
  });

  it('drops what is buffered when access ends, and names the position that was taken last', async () => {
    const access = new AbortController();
    let ended = 0;
    const { source: upstream, state } = endless();
    const source = sourceOf(upstream, 10_000);
    const stream = readerOf(source, {
      signal: access.signal,
      onEnd: () => void ended++,
    });
    source.start();
    await pause(5);
    await stream.next();
    await pause(5);
    access.abort(new Error('over'));
    expect(await Array.fromAsync(stream)).toMatchObject([
      { errors: [{ message: 'over' }], extensions: { lastCursor: 'c0' } },
    ]);
    expect({ ended, isClosed: state.isClosed }).toEqual({ ended: 1, isClosed: true });
  });

  it('tells a fault of the source and ends', async () => {
    async function* failing(): Source {
      yield { data: { n: 7 } };
      throw new Error('lost');
    }
    const source = sourceOf(failing());
    const stream = readerOf(source);
    source.start();
    expect(await Array.fromAsync(stream)).toMatchObject([
      { data: { n: 7 } },
      { errors: [{ message: 'lost' }], extensions: { lastCursor: 'c7' } },
    ]);
  });

  it('closes the source when the client goes while it waits for an event', async () => {
    let isClosed = false;
    const never = {
      next: async (): Promise<never> => new Promise(() => undefined),
      return: async () => {
        isClosed = true;
        return { done: true as const, value: undefined };
      },
    } as unknown as Source;
    const source = sourceOf(never);
    const stream = readerOf(source);
    source.start();
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(isClosed).toBe(true);
  });

  it('lets the event loop turn though the source always has something and the client always takes it', async () => {
    const { source: upstream, state } = endless();
    const source = sourceOf(upstream, 10_000);
    const stream = readerOf(source);
    source.start();
    const draining = (async () => {
      for await (const _ of stream) if (state.sent > 3_000_000) return;
    })();
    const startedAt = performance.now();
    let turns = 0;
    while (performance.now() - startedAt < 200) {
      await pause(1);
      turns++;
    }
    expect(turns).toBeGreaterThan(5);
    await stream.return();
    await draining;
  });
});

describe('a source that several clients read', () => {
  it('is read once, and gives each all events in order', async () => {
    const { source: upstream, state } = endless();
    const source = sourceOf(upstream, 10_000);
    const streams = [1, 2, 3].map(() => readerOf(source));
    source.start();
    const seen = await Promise.all(
      streams.map(async (stream) => {
        const results: unknown[] = [];
        for await (const { data } of stream) if (results.push(data?.['n']) === 50) break;
        return results;
      }),
    );
    const expected = Array.from({ length: 50 }, (_, n) => n);
    expect(seen).toEqual([expected, expected, expected]);
    expect(state.sent).toBeLessThan(60);
    expect(state.isClosed).toBe(true);
  });

  it('ends one that does not read soon, and goes on for the others', async () => {
    const { source: upstream } = endless();
    const source = sourceOf(upstream, 40);
    const slow = readerOf(source);
    const quick = readerOf(source);
    source.start();
    let taken = 0;
    for await (const _ of quick) if (++taken === 20) break;
    expect(await Array.fromAsync(slow)).toMatchObject([{}, {}, {}, {}, { errors: [{ code: 'SLOW_CONSUMER' }] }]);
    await quick.return();
  });

  it('tells nobody anything after a reader was revoked', async () => {
    const { source: upstream } = endless();
    const source = sourceOf(upstream, 10_000);
    const stream = readerOf(source);
    stream.revoke(new PlatformError('ACCESS_REVOKED', 'over'));
    source.start();
    expect(await Array.fromAsync(stream)).toMatchObject([{ errors: [{ code: 'ACCESS_REVOKED' }] }]);
  });
});
