import { type ChildProcess, fork, spawn } from 'node:child_process';
import { projectPath } from '../../../kernel/project-path.js';
import { cpuMillisecondsOf, memoryOf, processTree } from './process-tree.js';

const READY_SECONDS_MAX = 60;
/** Types are stripped by Node.js itself: what tsx writes keeps the names of functions, at a cost when they are made. */
const RUN_SOURCES = ['--import', './kernel/source-imports.ts'];

/** A source file of the project in a process of its own, to talk with. */
export function forkSource(file: string, flags: readonly string[] = []): ChildProcess {
  return fork(projectPath(file), { cwd: projectPath(), execArgv: [...RUN_SOURCES, ...flags] });
}

/** A server in a process of its own, that prints `ready` and its URL. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts a source file of the project, or a command with its arguments. Throws with what it printed if it ends. */
  static async start(command: string, args: readonly string[], environment: Record<string, string> = {}) {
    const isSource = command.endsWith('.ts');
    const child = spawn(isSource ? process.execPath : command, isSource ? [...RUN_SOURCES, command, ...args] : args, {
      cwd: projectPath(),
      env: { ...process.env, NODE_ENV: 'production', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServerProcess(child, await readyUrl(child));
  }

  /** User and system time so far, of it and of all processes below it. */
  cpuMilliseconds(): number {
    return processTree(this.#child.pid ?? 0).reduce((sum, pid) => sum + cpuMillisecondsOf(pid), 0);
  }

  /** Resident memory of the whole tree, in bytes, pages that it shares counted in proportion. */
  memoryBytes(): number {
    return processTree(this.#child.pid ?? 0).reduce((sum, pid) => sum + memoryOf(pid).pss, 0);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    if (this.#child.exitCode !== null) return;
    for (const pid of processTree(this.#child.pid ?? 0)) process.kill(pid, 'SIGKILL');
    await ended;
  }
}

async function readyUrl(child: ChildProcess): Promise<string> {
  let printed = '';
  return new Promise((resolve, reject) => {
    const give = (reason: string): void => reject(new Error(`${child.spawnargs.join(' ')}: ${reason}\n${printed}`));
    const timer = setTimeout(() => give(`not ready within ${READY_SECONDS_MAX} s`), READY_SECONDS_MAX * 1_000);
    child.once('close', () => {
      clearTimeout(timer);
      give('it ended');
    });
    child.once('error', reject);
    const read = (chunk: Buffer): void => {
      printed = (printed + chunk.toString('utf8')).slice(-20_000);
      const url = /^ready (\S+)$/m.exec(printed)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
  });
}
