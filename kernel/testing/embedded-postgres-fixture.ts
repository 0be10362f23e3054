import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { vi } from 'vitest';
import { locateBinaries } from '../database/embedded/binaries.js';
import { socketUrl } from '../database/embedded/socket-url.js';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../database/embedded-postgres.js';

const MODULE = fileURLToPath(new URL('../database/embedded-postgres.ts', import.meta.url));
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** A directory for one test of the embedded PostgreSQL, and all that runs in it. */
export class EmbeddedPostgresFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'embedded-postgres-test-'));
  readonly dataDirectory = join(this.directory, 'data');
  readonly #started: EmbeddedPostgres[] = [];
  readonly #children: ChildProcess[] = [];

  constructor() {
    chmodSync(this.directory, 0o755);
  }

  /** Starts PostgreSQL in this process. */
  async start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const { dataDirectory } = this;
    const postgres = await startEmbeddedPostgres({ dataDirectory, isEphemeral: true, ...options });
    this.#started.push(postgres);
    return postgres;
  }

  /** Starts another process that starts PostgreSQL, prints its process id and waits. */
  startInChild(): ChildProcess {
    const options = JSON.stringify({ dataDirectory: this.dataDirectory, isEphemeral: true });
    const script = `
      const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)});
      console.log((await startEmbeddedPostgres(${options})).pid);
      setInterval(() => undefined, 1000);`;
    return this.spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  }

  /** Starts a process that ends with the test. */
  spawn(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.push(child);
    return child;
  }

  /** The directories of initdb that are not complete. */
  unfinished(): string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith('data.initializing-'));
  }

  /** Ends everything, and waits until no PostgreSQL is left. */
  async dispose(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(this.#started.map((postgres) => postgres.stop()));
    const isQuiet = (): boolean => !commandLines().some((line) => line.includes(this.directory));
    await vi.waitUntil(isQuiet, { timeout: 10_000 });
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Runs one statement as the superuser. */
export async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = await connect(postgres);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A connection that bears the death of its server. */
export async function connect(postgres: Pick<EmbeddedPostgres, 'host' | 'port'>): Promise<Client> {
  const connectionString = socketUrl({ ...postgres, user: 'postgres' }, 'postgres');
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The process id that a child of `startInChild` prints when its PostgreSQL is ready. */
export async function printedPid(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('The child has no output');
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(chunk.toString());
}

/** Kills a child without a warning. */
export async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Whether a process runs; one that is dead and not yet reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

/** Starts the server that `stopped` was as nobody's child, because its shell has ended. Answers its process id. */
export async function startByHand(stopped: EmbeddedPostgres, setting: string): Promise<number> {
  const { dataDirectory } = stopped;
  const { uid, gid } = statSync(dataDirectory);
  const { postgres } = locateBinaries({ uid, gid }, []);
  const sockets = `-c listen_addresses= -c unix_socket_directories='${dataDirectory}'`;
  const shell = `'${postgres}' -D '${dataDirectory}' ${sockets} -c '${setting}' >/dev/null 2>&1 &`;
  const identity = process.getuid?.() === 0 ? { uid, gid } : {};
  execFileSync('setsid', ['sh', '-c', shell], { ...identity, cwd: dataDirectory, stdio: 'ignore' });
  const pidFile = join(dataDirectory, 'postmaster.pid');
  await vi.waitUntil(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').includes('ready'), { timeout: 10_000 });
  return Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]);
}

function commandLines(): string[] {
  return execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n');
}
