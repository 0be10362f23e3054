import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IdleOrder, IdleReport } from '../children/idle-stream-clients.js';
import type { StreamServerKind, StreamServerOrder, StreamServerReport } from '../children/stream-server.js';
import { EVENT_SUBSCRIPTION } from '../graphs/event-graph.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { forkSource } from '../harness/server-process.js';
import { rounded } from '../harness/statistics.js';

/** A process may have 20,000 files open where limits are usual: streams beyond that share sockets. */
const STREAMS = 10_000;
const SUBSCRIBERS = 1_000;
const EVENTS = 100;
/** Longer than any step takes on a busy machine. */
const ANSWER_MILLISECONDS_MAX = 180_000;

type Usage = Extract<StreamServerReport, { kind: 'usage' }>;

interface Load {
  readonly sockets: number;
  readonly streamsPerSocket: number;
  readonly isDistinct: boolean;
}

/** A server and its clients, each a process of its own. */
class StreamRun {
  readonly #server = forkSource('test/load/children/stream-server.ts', ['--expose-gc']);
  readonly #clients = forkSource('test/load/children/idle-stream-clients.ts');

  async start(server: StreamServerKind): Promise<string> {
    const { url } = await this.ask<'started'>({ kind: 'start', server });
    return url;
  }

  async ask<Kind extends StreamServerReport['kind']>(
    order: StreamServerOrder,
  ): Promise<Extract<StreamServerReport, { kind: Kind }>> {
    this.#server.send(order);
    return answer<Extract<StreamServerReport, { kind: Kind }>>(this.#server);
  }

  async open(url: string, load: Load): Promise<void> {
    this.#clients.send({ url, query: EVENT_SUBSCRIPTION, ...load } satisfies IdleOrder);
    await answer<IdleReport>(this.#clients);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }

  async eventsHeard(): Promise<number> {
    this.#clients.send('count');
    const report = await answer<Extract<IdleReport, { kind: 'count' }>>(this.#clients);
    return report.events;
  }

  async stop(): Promise<void> {
    for (const child of [this.#clients, this.#server]) {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    }
  }
}

async function answer<Report>(child: ChildProcess): Promise<Report> {
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS_MAX);
  const ended = once(child, 'exit', { signal }).then(() =>
    Promise.reject(new Error('a process of the benchmark ended')),
  );
  const [report] = (await Promise.race([once(child, 'message', { signal }), ended])) as [Report];
  return report;
}

/** What so many idle streams hold, in kilobytes each, and whether they outlive a swap of the supergraph. */
async function idle(server: StreamServerKind, load: Load): Promise<{ rss: number; heap: number; isKept: boolean }> {
  const run = new StreamRun();
  try {
    const url = await run.start(server);
    // What the first stream loads and compiles is no cost of a stream.
    await run.open(url, { ...load, sockets: 1 });
    const before = await run.ask<'usage'>({ kind: 'usage' });
    await run.open(url, load);
    const after = await run.ask<'usage'>({ kind: 'usage' });
    const count = load.sockets * load.streamsPerSocket;
    const each = (name: 'rssBytes' | 'heapBytes'): number => (after[name] - before[name]) / count / 1_024;
    const isKept = server !== 'gateway' || (await survivesSwap(run, count));
    return { rss: each('rssBytes'), heap: each('heapBytes'), isKept };
  } finally {
    await run.stop();
  }
}

async function survivesSwap(run: StreamRun, count: number): Promise<boolean> {
  await run.ask<'done'>({ kind: 'swap' });
  await run.ask<'done'>({ kind: 'push', events: 1 });
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await run.eventsHeard()) >= count) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

/** Processor time of the server for one event of one stream, in microseconds. */
async function perEvent(server: StreamServerKind, load: Load): Promise<{ microseconds: number; usage: Usage }> {
  const run = new StreamRun();
  try {
    await run.open(await run.start(server), load);
    await run.ask<'done'>({ kind: 'push', events: 10 });
    const before = await run.ask<'usage'>({ kind: 'usage' });
    const heardBefore = await run.eventsHeard();
    await run.ask<'done'>({ kind: 'push', events: EVENTS });
    // Slow clients are waited for: every event is counted.
    const expected = load.sockets * load.streamsPerSocket * EVENTS;
    let heard = 0;
    for (let tries = 0; tries < 100 && heard < expected; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      heard = (await run.eventsHeard()) - heardBefore;
    }
    if (heard < expected) throw new Error(`${heard} of ${expected} events came`);
    const after = await run.ask<'usage'>({ kind: 'usage' });
    return { microseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / expected, usage: after };
  } finally {
    await run.stop();
  }
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const loads: readonly [string, Load][] = [
    ['each on a socket and of a caller of its own', { sockets: STREAMS, streamsPerSocket: 1, isDistinct: true }],
    [
      '100 on a socket, each socket of another caller',
      { sockets: STREAMS / 100, streamsPerSocket: 100, isDistinct: true },
    ],
  ];
  for (const [how, load] of loads) {
    environment.note(`${STREAMS} idle streams, ${how}`);
    const ours = await idle('gateway', load);
    environment.note(`ours: ${rounded(ours.rss)} KB each (heap ${rounded(ours.heap)})`);
    const floor = await idle('bare', load);
    environment.note(`graphql-ws and graphql-js: ${rounded(floor.rss)} KB each (heap ${rounded(floor.heap)})`);
    const sockets = await idle('sockets', load);
    lines.push({
      what: `${STREAMS} idle streams, ${how}: memory of one`,
      value: rounded(ours.rss),
      unit: 'KB',
      against: { name: 'graphql-ws and graphql-js on one schema', value: rounded(floor.rss) },
      ratio: rounded(ours.rss / floor.rss),
      target: '<= 20 KB',
      details: {
        heap_KB: rounded(ours.heap),
        floor_heap_KB: rounded(floor.heap),
        bare_sockets_KB: rounded(sockets.rss),
        all_heard_an_event_after_a_swap: String(ours.isKept),
      },
    });
  }
  const cases: readonly [string, Load, string][] = [
    ['of callers of their own', { sockets: SUBSCRIBERS, streamsPerSocket: 1, isDistinct: true }, '<= 100 µs'],
    ['of one caller', { sockets: SUBSCRIBERS / 10, streamsPerSocket: 10, isDistinct: false }, 'reported'],
  ];
  for (const [whose, load, target] of cases) {
    environment.note(`${SUBSCRIBERS} streams ${whose}`);
    const ours: number[] = [];
    const floors: number[] = [];
    let sources = 0;
    for (let round = 0; round < Math.min(3, environment.rounds); round += 1) {
      const own = await perEvent('gateway', load);
      ours.push(own.microseconds);
      sources = own.usage.sources;
      floors.push((await perEvent('bare', load)).microseconds);
    }
    const [value, floor] = [Math.min(...ours), Math.min(...floors)];
    lines.push({
      what: `an event with a two-hop subject to ${SUBSCRIBERS} streams ${whose}: processor time of each`,
      value: rounded(value),
      unit: 'µs',
      against: { name: 'graphql-ws and graphql-js on one schema', value: rounded(floor) },
      ratio: rounded(value / floor),
      target,
      details: { subscriptions_at_the_subgraph: sources, events: SUBSCRIBERS * EVENTS },
    });
  }
  return lines;
}

export const streams: Benchmark = {
  name: 'streams',
  describe: `memory of ${STREAMS} idle streams, and processor time of an event to ${SUBSCRIBERS}, over WebSockets`,
  run,
};
