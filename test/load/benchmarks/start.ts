import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { projectPath } from '../../../kernel/project-path.js';
import { type Benchmark, type BenchmarkEnvironment, type Line, NotAvailable } from '../harness/benchmark.js';
import { commandOf, memoryOf, processTree } from '../harness/process-tree.js';
import { median, rounded } from '../harness/statistics.js';

const READY_SECONDS_MAX = 120;
const IDLE_MILLISECONDS = 10_000;
const MEGABYTE = 1_000_000;

interface Started {
  readonly milliseconds: number;
  /** Milliseconds that the platform says it took itself, when it says so. */
  readonly own: number | null;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a command and waits for the first line that says `ready`. */
async function startCommand(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Started> {
  const begin = performance.now();
  const child = spawn(command, args, {
    cwd: projectPath(),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): Promise<void> => stopTree(child);
  let output = '';
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new NotAvailable(`not ready in ${READY_SECONDS_MAX} s`)),
        READY_SECONDS_MAX * 1000,
      );
      const hear = (chunk: Buffer): void => {
        output = (output + chunk.toString()).slice(-8000);
        if (!/\bready\b/.test(output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new NotAvailable(`\`${command} ${args.join(' ')}\` ended with ${code}: ${output.slice(-600)}`));
      });
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const said = /ready in ([\d.]+) s/.exec(output)?.[1];
  return { milliseconds: performance.now() - begin, own: said === undefined ? null : Number(said) * 1000, child, stop };
}

/** Asks the command to end, and ends what is left of its own processes after a while. */
async function stopTree(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null) return;
  const ours = processTree(pid);
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => {
    for (const one of ours) {
      try {
        process.kill(one, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  }, 15_000);
  await gone;
  clearTimeout(timer);
}

interface Memory {
  /** Resident memory of the platform's own process. */
  readonly platform: number;
  /** PostgreSQL's processes, shared pages counted once. */
  readonly postgres: number;
  readonly all: number;
}

function memoryOfTree(child: ChildProcess): Memory {
  const tree = processTree(child.pid ?? 0).map((pid) => ({ command: commandOf(pid), ...memoryOf(pid) }));
  const pssOf = (isWanted: (command: string) => boolean): number =>
    tree.filter(({ command }) => isWanted(command)).reduce((sum, { pss }) => sum + pss, 0);
  const platform = tree.find(({ command }) => /^\S*node\b.*(start\.(js|ts))/.test(command));
  if (platform === undefined)
    throw new Error(`no process of the platform among ${tree.map(({ command }) => command).join('; ')}`);
  return {
    platform: platform.rss / MEGABYTE,
    postgres: pssOf((command) => command.includes('postgres')) / MEGABYTE,
    all: pssOf(() => true) / MEGABYTE,
  };
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const directory = environment.scratchDirectory();
  const settings = async (): Promise<Record<string, string>> => ({
    CP_DATA_DIRECTORY: join(directory, 'platform'),
    CP_PORT: String(await freePort()),
  });
  environment.note('npm start for the first time');
  const cold = await startCommand('npm', ['start'], await settings());
  await cold.stop();
  const bareArgs = [
    '--import',
    'tsx',
    projectPath('test', 'load', 'children', 'bare-start.ts'),
    join(directory, 'bare'),
  ];
  await (await startCommand(process.execPath, bareArgs, {})).stop();
  const warm: Started[] = [];
  const bare: number[] = [];
  const memories: Memory[] = [];
  for (let round = 0; round < Math.min(environment.rounds, 3); round += 1) {
    const floor = await startCommand(process.execPath, bareArgs, {});
    await floor.stop();
    bare.push(floor.milliseconds);
    const started = await startCommand('npm', ['start'], await settings());
    warm.push(started);
    if (round === 0) {
      environment.note('idle for ten seconds');
      await new Promise((resolve) => {
        setTimeout(resolve, IDLE_MILLISECONDS);
      });
      memories.push(memoryOfTree(started.child));
    }
    await started.stop();
  }
  return lines(cold, warm, bare, memories);
}

function lines(cold: Started, warm: readonly Started[], bare: readonly number[], memories: readonly Memory[]): Line[] {
  const seconds = (milliseconds: number): number => rounded(milliseconds / 1000);
  const floor = median(bare);
  const warmTime = median(warm.map(({ milliseconds }) => milliseconds));
  const own = warm.flatMap((started) => started.own ?? []);
  const against = { name: 'Node.js and PostgreSQL alone', value: seconds(floor) };
  const ratio = (milliseconds: number): number => rounded(milliseconds / floor);
  const [memory] = memories;
  return [
    {
      what: 'npm start to ready, warm, npm and the check of the build included',
      value: seconds(warmTime),
      unit: 's',
      against,
      ratio: ratio(warmTime),
      target: '< 4 s on a quiet machine',
      details: { without_npm_and_build_s: own.length === 0 ? 'unknown' : seconds(median(own)), starts: warm.length },
    },
    {
      what: 'npm start to ready, first time (initdb, migrations, demonstration)',
      value: seconds(cold.milliseconds),
      unit: 's',
      against,
      ratio: ratio(cold.milliseconds),
    },
    {
      what: 'resident memory of the platform after 10 s idle',
      value: rounded(memory?.platform ?? Number.NaN),
      unit: 'MB',
      target: '< 450 MB',
      details: {
        postgres_MB: rounded(memory?.postgres ?? Number.NaN),
        all_processes_MB: rounded(memory?.all ?? Number.NaN),
      },
    },
  ];
}

export const start: Benchmark = {
  name: 'start',
  describe: '`npm start` until it says ready, and what it holds in memory when idle',
  run,
};
