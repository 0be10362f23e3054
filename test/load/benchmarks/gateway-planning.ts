import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { USER_REQUEST } from '../graphs/catalogue-graph.js';
import { largeOperation } from '../graphs/large-operation.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { CatalogueServers } from '../harness/catalogue-servers.js';
import { askOnce, HttpClients } from '../harness/http-clients.js';
import { median, percentile, rounded } from '../harness/statistics.js';

/** Fewer than elsewhere: a queue of our own making would hide what planning does to a request. */
const CLIENTS = 4;
/** Large operations of a round, one after the other with a pause. */
const LARGE_PER_ROUND = 3;
const PAUSE_MILLISECONDS = 100;
const WARM_UP_MILLISECONDS = 5_000;
const SMALL = JSON.stringify(USER_REQUEST);

/** Small queries without end; what each took, by when it ended. */
class SmallQueries {
  readonly #clients: HttpClients;
  readonly #running: Promise<unknown>;
  #isEnding = false;
  #samples: { readonly start: number; readonly end: number }[] = [];

  constructor(url: string) {
    this.#clients = new HttpClients(url, CLIENTS);
    this.#running = Promise.all(Array.from({ length: CLIENTS }, async (_, client) => this.#ask(client)));
  }

  async #ask(client: number): Promise<void> {
    while (!this.#isEnding) {
      const start = performance.now();
      await this.#clients.send(client, SMALL);
      this.#samples.push({ start, end: performance.now() });
    }
  }

  /** What those took that were under way at some time of the work. */
  async during(work: () => Promise<unknown>): Promise<number[]> {
    this.#samples = [];
    const begin = performance.now();
    await work();
    const finish = performance.now();
    await sleep(PAUSE_MILLISECONDS);
    return this.#samples
      .filter(({ start, end }) => end >= begin && start <= finish)
      .map(({ start, end }) => end - start);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    await this.#clients.close();
  }
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const servers = await CatalogueServers.start(environment.scratchDirectory());
  try {
    const own = await measure(environment, (await servers.startServer('own-gateway')).url);
    const stock = await measure(environment, (await servers.startServer('stock-gateway')).url);
    const line = ({ planning, quiet, ratio, largeMilliseconds, samples }: Measured, name: string): Line => ({
      what: `p99 of small queries while a large one is planned for the first time, ${name}`,
      value: rounded(planning),
      unit: 'ms',
      against: { name: 'its normal', value: rounded(quiet) },
      ratio: rounded(ratio),
      details: { large_ms: rounded(largeMilliseconds), samples },
    });
    return [{ ...line(own, 'our gateway'), target: '≤ 3×' }, line(stock, 'stock gateway')];
  } finally {
    await servers.stop();
  }
}

interface Measured {
  readonly planning: number;
  readonly quiet: number;
  /** Median over the rounds. */
  readonly ratio: number;
  readonly largeMilliseconds: number;
  readonly samples: number;
}

async function measure(environment: BenchmarkEnvironment, url: string): Promise<Measured> {
  const small = new SmallQueries(url);
  const rounds: { planning: number; quiet: number }[] = [];
  const took: number[] = [];
  let samples = 0;
  try {
    await sleep(WARM_UP_MILLISECONDS);
    for (let round = 0; round <= environment.rounds; round += 1) {
      const planning: number[] = [];
      const quiet: number[] = [];
      for (let count = 0; count < LARGE_PER_ROUND; count += 1) {
        const begin = performance.now();
        planning.push(...(await small.during(async () => askLarge(url, round * LARGE_PER_ROUND + count))));
        took.push(performance.now() - begin - PAUSE_MILLISECONDS);
        quiet.push(...(await small.during(async () => sleep(took.at(-1)))));
      }
      if (round === 0) continue;
      rounds.push({ planning: percentile(planning, 0.99), quiet: percentile(quiet, 0.99) });
      samples += planning.length;
    }
  } finally {
    await small.end();
  }
  return {
    planning: median(rounds.map(({ planning }) => planning)),
    quiet: median(rounds.map(({ quiet }) => quiet)),
    ratio: median(rounds.map(({ planning, quiet }) => planning / quiet)),
    largeMilliseconds: median(took),
    samples,
  };
}

async function askLarge(url: string, number: number): Promise<void> {
  const answer = await askOnce(url, JSON.stringify(largeOperation(number)));
  assert.ok(
    (answer as { data?: object }).data,
    `the large operation was refused: ${JSON.stringify(answer).slice(0, 300)}`,
  );
}

export const gatewayPlanning: Benchmark = {
  name: 'gateway-planning',
  describe: 'small queries while large operations are planned for the first time, against the same without',
  run,
};
