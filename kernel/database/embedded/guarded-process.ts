import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Account } from './account.js';

/** A program to run as PostgreSQL's account, and to end when this process ends. */
export interface GuardedProgram {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly workingDirectory: string;
  readonly account: Account | undefined;
  /** What the kernel sends the program when this process dies, however it dies. */
  readonly parentDeathSignal: 'INT' | 'KILL';
}

let isSetprivThere: boolean | undefined;

/** Whether `setpriv` (util-linux) is there; without it a killed parent leaves its PostgreSQL for the next start to stop. */
export function hasParentDeathSignal(): boolean {
  isSetprivThere ??= process.platform === 'linux' && spawnSync('setpriv', ['--version']).status === 0;
  return isSetprivThere;
}

/**
 * Starts the program in a session of its own, so that Ctrl-C in a terminal reaches us and not it, with an environment
 * that holds neither our secrets nor a stray PG* variable. The death signal is bound to the *thread* that calls this:
 * call it from the main thread.
 */
export function spawnGuarded(program: GuardedProgram): ChildProcess {
  const { account } = program;
  const options = {
    cwd: program.workingDirectory,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  } as const satisfies object;
  if (!hasParentDeathSignal()) {
    return spawn(program.command, program.arguments, { ...options, stdio: [...options.stdio], ...account });
  }
  // setpriv changes the user first and binds the signal after it: a change of user clears the signal.
  const identity = account ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : [];
  const signal = `--pdeathsig=${program.parentDeathSignal}`;
  return spawn('setpriv', [...identity, signal, '--', program.command, ...program.arguments], {
    ...options,
    stdio: [...options.stdio],
  });
}
