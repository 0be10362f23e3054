import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { accessDecision } from './benchmarks/access-decision.js';
import { allocationCreate } from './benchmarks/allocation-create.js';
import { commandPipeline } from './benchmarks/command-pipeline.js';
import { eventLatency } from './benchmarks/event-latency.js';
import { eventThroughput } from './benchmarks/event-throughput.js';
import { federatedQuery } from './benchmarks/federated-query.js';
import { gatewayPlanning } from './benchmarks/gateway-planning.js';
import { gatewayQuery } from './benchmarks/gateway-query.js';
import { gatewayStart } from './benchmarks/gateway-start.js';
import { start } from './benchmarks/start.js';
import { streams } from './benchmarks/streams.js';
import { type Benchmark, type BenchmarkEnvironment, type Line, NotAvailable } from './harness/benchmark.js';
import { withCpuProfile } from './harness/cpu-profile.js';
import { LoadWatch, describeMachine } from './harness/machine.js';
import { reportTable } from './harness/report-table.js';

const BENCHMARKS: readonly Benchmark[] = [
  start,
  allocationCreate,
  commandPipeline,
  accessDecision,
  eventLatency,
  eventThroughput,
  federatedQuery,
  gatewayQuery,
  streams,
  gatewayPlanning,
  gatewayStart,
];

const USAGE = `usage: npm run bench -- [name…] [--rounds 5] [--seconds 2] [--json FILE] [--profile DIRECTORY] [--peers]
${BENCHMARKS.map(({ name, describe }) => `  ${name.padEnd(20)}${describe}`).join('\n')}`;

interface Report {
  readonly name: string;
  readonly describe: string;
  readonly lines: readonly Line[];
  readonly load: ReturnType<LoadWatch['read']>;
  readonly notAvailable?: string;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    filter: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'string' },
    profile: { type: 'string' },
    peers: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const directories: string[] = [];

function environment(): BenchmarkEnvironment {
  return {
    machine: describeMachine(),
    rounds: positive('rounds', options.rounds),
    roundMilliseconds: positive('seconds', options.seconds) * 1000,
    scratchDirectory() {
      const directory = mkdtempSync(join(tmpdir(), 'control-plane-bench-'));
      chmodSync(directory, 0o755);
      directories.push(directory);
      return directory;
    },
    async profiled(name, work) {
      if (options.profile === undefined) return work();
      return withCpuProfile(resolve(options.profile, `${name}.cpuprofile`), work);
    },
    withPeers: options.peers,
    isProfiling: options.profile !== undefined,
    note: (text) => console.error(`  … ${text}`),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number, not "${text}"`);
  return value;
}

async function measure(benchmark: Benchmark): Promise<Report> {
  const { name, describe } = benchmark;
  const watch = new LoadWatch();
  console.log(`\n${name}: ${describe}`);
  try {
    const lines = await benchmark.run(environment());
    const load = watch.read();
    console.log(`\n${reportTable(lines)}\n`);
    console.log(
      `load average ${load.loadAverage}; other processes took ${Math.round(load.othersShare * 100)} % of the cores`,
    );
    return { name, describe, lines, load };
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error;
    console.log(`not available: ${error.message}`);
    return { name, describe, lines: [], load: watch.read(), notAvailable: error.message };
  }
}

/** Measures and reports; a number never makes it fail, only a benchmark that breaks does. */
async function main(): Promise<void> {
  const parts = options.filter === undefined ? positionals : [options.filter, ...positionals];
  const unknown = parts.filter((part) => !BENCHMARKS.some(({ name }) => name.includes(part)));
  if (options.help || unknown.length > 0) {
    if (unknown.length > 0) process.exitCode = 2;
    for (const part of unknown) console.error(`no benchmark is named "${part}"`);
    console.log(USAGE);
    return;
  }
  const chosen = BENCHMARKS.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  const { processor, cores, memoryGigabytes, node } = describeMachine();
  console.log(`${processor}, ${cores} cores, ${memoryGigabytes} GB, Node ${node}`);
  const reports: Report[] = [];
  for (const benchmark of chosen) reports.push(await measure(benchmark));
  if (options.json !== undefined) {
    const document = { takenAt: new Date().toISOString(), machine: describeMachine(), benchmarks: reports };
    writeFileSync(options.json, `${JSON.stringify(document, null, 2)}\n`);
  }
}

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
