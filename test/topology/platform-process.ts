import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasParentDeathSignal } from '../../kernel/database/embedded/guarded-process.js';
import { projectPath } from '../../kernel/project-path.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Node.js process of the compiled platform. It gets no environment but what is given, and dies with the test. */
export class PlatformProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<Exit>;
  #exit: Exit | null = null;
  #output = '';
  #waiting: (() => void)[] = [];

  constructor(script: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    const guard = hasParentDeathSignal() ? ['setpriv', '--pdeathsig=KILL', '--'] : [];
    const [command = '', ...rest] = [...guard, process.execPath, script, ...args];
    this.#child = spawn(command, rest, {
      cwd: projectPath(),
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString('utf8');
      this.#wake();
    };
    this.#child.stdout?.on('data', collect);
    this.#child.stderr?.on('data', collect);
    this.exited = new Promise((resolve) => {
      // 'close' comes after the last of the output.
      this.#child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        this.#wake();
        resolve(this.#exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Everything that was printed so far, on both outputs. */
  get output(): string {
    return this.#output;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The first match in what it prints; throws with the output when it ends before, or takes too long. */
  async prints(pattern: RegExp, seconds = 90): Promise<RegExpExecArray> {
    const giveUp = AbortSignal.timeout(seconds * 1000);
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (this.#exit !== null)
        throw new Error(`it ended (${JSON.stringify(this.#exit)}) and printed:\n${this.#output}`);
      if (giveUp.aborted) throw new Error(`it did not print ${pattern} within ${seconds} s, but:\n${this.#output}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.push(resolve)),
        sleep(1000, undefined, { ref: false }),
      ]);
    }
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.#exit === null) this.#child.kill(signal);
    return this.exited;
  }
}
