import { setTimeout as sleep } from 'node:timers/promises';
import { THREE_HOP_REQUEST } from '../graphs/catalogue-graph.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { CatalogueServers } from '../harness/catalogue-servers.js';
import { askOnce } from '../harness/http-clients.js';
import { ServerProcess } from '../harness/server-process.js';
import { median, rounded } from '../harness/statistics.js';

interface Start {
  /** From the start of the process to its first answer of a query, and what that cost its processor. */
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  readonly memoryBytes: number;
}

const SETTLE_MILLISECONDS = 500;

async function startOnce(command: string, args: readonly string[]): Promise<Start> {
  const begin = performance.now();
  const server = await ServerProcess.start(command, args);
  try {
    await askOnce(server.url, JSON.stringify(THREE_HOP_REQUEST));
    const milliseconds = performance.now() - begin;
    const cpuMilliseconds = server.cpuMilliseconds();
    await sleep(SETTLE_MILLISECONDS);
    return { milliseconds, cpuMilliseconds, memoryBytes: server.memoryBytes() };
  } finally {
    await server.stop();
  }
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const servers = await CatalogueServers.start(environment.scratchDirectory());
  const own: Start[] = [];
  const stock: Start[] = [];
  try {
    const { supergraphFile } = servers;
    for (let round = 0; round < environment.rounds; round += 1) {
      own.push(
        await startOnce('npm', ['run', '--silent', 'gateway', '--', '--supergraph', supergraphFile, '--port', '0']),
      );
      stock.push(await startOnce('test/load/children/servers/stock-gateway.ts', [supergraphFile]));
    }
  } finally {
    await servers.stop();
  }
  const line = (what: string, unit: string, of: (start: Start) => number): Line => {
    const [ours, theirs] = [own, stock].map((starts) => rounded(median(starts.map(of))));
    return {
      what,
      value: ours ?? Number.NaN,
      unit,
      against: { name: 'stock gateway', value: theirs ?? Number.NaN },
      ratio: rounded(median(own.map((start, round) => of(start) / of(stock[round] ?? start)))),
    };
  };
  return [
    { ...line('npm run gateway to its first answer', 'ms', ({ milliseconds }) => milliseconds), target: '≤ 3,000 ms' },
    line('processor time until then', 'ms', ({ cpuMilliseconds }) => cpuMilliseconds),
    line('memory then, with npm', 'MB', ({ memoryBytes }) => memoryBytes / 2 ** 20),
  ];
}

export const gatewayStart: Benchmark = {
  name: 'gateway-start',
  describe:
    'the gateway alone, from npm run to its first answer over four subgraphs, and its memory, against the stock gateway without npm',
  run,
};
