import { parse } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { FederatedEngine } from '../engine/federated-engine.js';
import type { GatewayOperation } from '../engine/engine.js';
import { TickerGraph } from '../testing/ticker-graph.js';
import { DeliveryStream } from './delivery-stream.js';
import { StreamHub, type Subscribing } from './stream-hub.js';
import { streamShape } from './stream-shape.js';

const CONVENTION = { cursorField: 'cursor', afterArgument: 'after', now: 'now' };
const TEXT =
  'subscription ($after: String, $topic: String! = "main") { ticks(after: $after, topic: $topic) { cursor n subject { name employer { title } } } }';

function operationOf(text: string): GatewayOperation {
  const document = parse(text);
  return gatewayOperation(document);
}

const open: DeliveryStream[] = [];
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.return();
});

/** A hub over the ticker graph: subscribes with variables as a caller of an identity. */
function startHub(text = TEXT) {
  const graph = new TickerGraph();
  const engine = new FederatedEngine({ supergraphSdl: graph.supergraph.sdl, transports: graph.transports() });
  const hub = new StreamHub({ stallMillisecondsMax: 10_000 });
  const operation = operationOf(text);
  const shape = streamShape(operation, CONVENTION);
  const subscribing = (variables: Record<string, unknown>, identity: string | undefined): Subscribing => ({
    engine,
    operation,
    shape,
    variables,
    context: {},
    identity,
    mask: (result) => result,
  });
  const subscribe = async (variables: Record<string, unknown>, identity?: string): Promise<DeliveryStream> => {
    const stream = new DeliveryStream({
      bufferMax: 64,
      toResult: (error) => ({ errors: [error as never] }),
      onEnd: (ended) => hub.leave(ended),
      onTaken: () => undefined,
    });
    open.push(stream);
    expect(await hub.connect(stream, subscribing(variables, identity))).toBeUndefined();
    return stream;
  };
  return { graph, hub, subscribe, subscribing };
}

async function take(stream: DeliveryStream, count: number): Promise<{ cursor: string; n: number }[]> {
  const events: { cursor: string; n: number }[] = [];
  while (events.length < count) {
    const { value, done } = await stream.next();
    if (done === true) break;
    events.push(value.data?.['ticks'] as { cursor: string; n: number });
  }
  return events;
}

const numbers = async (stream: DeliveryStream, count: number): Promise<number[]> =>
  (await take(stream, count)).map(({ n }) => n);

const settled = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

describe('streams of one caller for the same', () => {
  it('are one at the subgraphs, and each event is resolved once for all', async () => {
    const { graph, subscribe } = startHub();
    const streams = await Promise.all(Array.from({ length: 20 }, async () => subscribe({}, 'ada')));
    await settled();
    graph.tick();
    graph.tick();
    for (const stream of streams) expect(await numbers(stream, 2)).toEqual([1, 2]);
    expect(graph.counts).toEqual({ opened: 1, open: 1, names: 2, titles: 2 });
    for (const stream of streams) await stream.return();
    expect(graph.counts.open).toBe(0);
  });

  it('are not shared by callers with other rights, with other variables, or without an identity', async () => {
    const { graph, subscribe } = startHub();
    await Promise.all([
      subscribe({}, 'ada'),
      subscribe({}, 'ben'),
      subscribe({ topic: 'other' }, 'ada'),
      subscribe({}),
      subscribe({}),
    ]);
    expect(graph.counts.opened).toBe(5);
  });

  it('become one where a stream that catches up meets another, without losing or repeating an event', async () => {
    const { graph, subscribe } = startHub();
    for (let n = 0; n < 5; n++) graph.tick();
    const live = await subscribe({}, 'ada');
    const late = await subscribe({ after: 't2' }, 'ada');
    expect(graph.counts.open).toBe(2);
    expect(await numbers(late, 3)).toEqual([3, 4, 5]);
    for (let n = 0; n < 3; n++) graph.tick();
    expect(await numbers(late, 3)).toEqual([6, 7, 8]);
    expect(await numbers(live, 3)).toEqual([6, 7, 8]);
    expect(graph.counts.open).toBe(1);
    graph.tick();
    expect([await numbers(live, 1), await numbers(late, 1)]).toEqual([[9], [9]]);
  });

  it('share the way back when all resume from the same position at once', async () => {
    const { graph, subscribe } = startHub();
    for (let n = 0; n < 4; n++) graph.tick();
    const streams = await Promise.all(Array.from({ length: 10 }, async () => subscribe({ after: 't1' }, 'ada')));
    for (const stream of streams) expect(await numbers(stream, 3)).toEqual([2, 3, 4]);
    expect(graph.counts.opened).toBe(1);
  });

  it('give every reader every event once, in order, whenever it comes, leaves or resumes', async () => {
    const { graph, subscribe } = startHub();
    let random = 7;
    const next = (max: number): number => (random = (random * 48_271) % 2_147_483_647) % max;
    const readers = Array.from({ length: 12 }, async () => {
      const seen: number[] = [];
      let after: string | undefined;
      while ((seen.at(-1) ?? 0) < 200) {
        const stream = await subscribe({ after: after ?? (next(2) === 0 ? 't0' : undefined) }, 'ada');
        const events = await take(stream, 1 + next(40));
        seen.push(...events.map(({ n }) => n));
        after = events.at(-1)?.cursor;
        await stream.return();
      }
      return seen;
    });
    for (let n = 0; n < 300; n++) {
      graph.tick();
      if (next(3) === 0) await settled();
    }
    for (const seen of await Promise.all(readers)) {
      const first = seen[0] ?? 0;
      expect(seen).toEqual(seen.map((_, index) => first + index));
    }
    expect(graph.counts.open).toBe(0);
  });
});

describe('where a stream begins', () => {
  it('is known before its first event', async () => {
    const { graph, subscribe } = startHub();
    graph.tick();
    const stream = await subscribe({});
    await settled();
    expect(stream.takenCursor).toBe('t1');
  });

  it('is told to a client that asks for it, also when it joins a stream that others began', async () => {
    const { graph, subscribe } = startHub();
    await subscribe({}, 'ada');
    await settled();
    graph.tick();
    await settled();
    const joined = await subscribe({ after: 'now' }, 'ada');
    graph.tick();
    expect(await take(joined, 2)).toMatchObject([
      { cursor: 't1', n: 0 },
      { cursor: 't2', n: 2 },
    ]);
    expect(graph.counts.opened).toBe(1);
  });

  it('is not asked for when the client does not select the cursor', async () => {
    const { graph, subscribe } = startHub('subscription ($after: String) { ticks(after: $after) { type n } }');
    const stream = await subscribe({});
    graph.tick();
    expect(await take(stream, 1)).toEqual([{ type: 'tick', n: 1 }]);
  });
});

describe('a stream that goes on with another context', () => {
  it('loses and repeats nothing while events come', async () => {
    const { graph, hub, subscribe, subscribing } = startHub();
    const stream = await subscribe({}, 'token 1');
    const seen = numbers(stream, 400);
    const renewals: boolean[] = [];
    for (let n = 1; n <= 400; n++) {
      graph.tick();
      if (n % 40 === 0) renewals.push(await hub.reconnect(stream, subscribing({}, `token ${n}`)));
      if (n % 7 === 0) await settled();
    }
    expect(renewals).toEqual(Array.from({ length: 10 }, () => true));
    expect(await seen).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
    expect(graph.counts.open).toBe(1);
  });

  it('stays as it is when its position is not known', async () => {
    const { hub, subscribe, subscribing } = startHub('subscription { ticks { n } }');
    const stream = await subscribe({});
    expect(await hub.reconnect(stream, subscribing({}, 'other'))).toBe(false);
    expect(stream.isEnded).toBe(false);
  });
});
