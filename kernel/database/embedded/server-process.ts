import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from './account.js';
import { spawnGuarded } from './guarded-process.js';
import { type ServerOptions, serverArguments } from './server-settings.js';

/** How a server ended. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** False if PostgreSQL died without being asked to. */
  readonly isExpected: boolean;
  /** The last lines of its log, without the text of statements. */
  readonly logTail: string;
}

const READY_MILLISECONDS_MAX = 120_000; // recovery after a crash replays the write-ahead log
const LOG_CHARACTERS_MAX = 20_000;
const SHUTDOWNS = [
  { signal: 'SIGINT', milliseconds: 20_000 }, // fast: roll back, checkpoint
  { signal: 'SIGQUIT', milliseconds: 5_000 }, // immediate: recovers at the next start
  { signal: 'SIGKILL', milliseconds: 5_000 },
] as const;

/** A running `postgres`, started by us. */
export class ServerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<ServerExit>;
  readonly #closed: Promise<void>;
  #exit: ServerExit | undefined;
  #isStopping = false;
  #logTail = '';

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#logTail = (this.#logTail + chunk.toString()).slice(-LOG_CHARACTERS_MAX);
    });
    this.#closed = new Promise((resolve) => child.once('close', () => resolve()));
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal, isExpected: this.#isStopping, logTail: this.#logTail };
        resolve(this.#exit);
      });
    });
  }

  /** Starts the server and waits until it accepts connections; throws with its log if it does not. */
  static async launch(command: string, account: Account | undefined, options: ServerOptions): Promise<ServerProcess> {
    const child = spawnGuarded({
      command,
      arguments: serverArguments(options),
      workingDirectory: options.dataDirectory,
      account,
      parentDeathSignal: 'INT',
    });
    // `spawn` fires once the program runs; events.once turns an `error` before it into a rejection.
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('PostgreSQL was started without a process id');
    const server = new ServerProcess(child, child.pid);
    await server.#waitUntilReady(options.dataDirectory);
    server.#unreference();
    return server;
  }

  /** Resolves when the server has ended, by our request or not. Does not keep the process alive. */
  get exited(): Promise<ServerExit> {
    return this.#exited;
  }

  /** A fast shutdown that gets harsher when it takes too long. Does nothing if the server has already ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.ref();
    for (const { signal, milliseconds } of SHUTDOWNS) {
      if (this.#exit) return;
      this.#child.kill(signal);
      const timeout = new AbortController();
      await Promise.race([
        this.#exited,
        sleep(milliseconds, undefined, { signal: timeout.signal }).catch(() => undefined),
      ]);
      timeout.abort();
    }
    if (!this.#exit) throw new Error(`PostgreSQL ${this.pid} does not stop`);
  }

  async #waitUntilReady(dataDirectory: string): Promise<void> {
    const pidFile = join(dataDirectory, 'postmaster.pid');
    const deadline = performance.now() + READY_MILLISECONDS_MAX;
    while (!isReady(pidFile, this.pid)) {
      if (this.#exit) {
        await Promise.race([this.#closed, sleep(500)]); // for the last of its log
        throw new Error(`PostgreSQL on ${dataDirectory} ended at its start: ${this.#logTail.trim()}`);
      }
      if (performance.now() > deadline) {
        await this.stop();
        throw new Error(`PostgreSQL on ${dataDirectory} was not ready in time: ${this.#logTail.trim()}`);
      }
      await sleep(5);
    }
  }

  /** Lets the process end without a stop; the death signal then ends the server. */
  #unreference(): void {
    this.#child.unref();
    const { stderr } = this.#child;
    if (stderr && 'unref' in stderr && typeof stderr.unref === 'function') stderr.unref();
  }
}

/** PostgreSQL's own report, line 8 of postmaster.pid: independent of log level and language. */
function isReady(pidFile: string, pid: number): boolean {
  try {
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false; // not written yet
  }
}
