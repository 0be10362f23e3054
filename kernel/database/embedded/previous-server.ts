import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.js';
import { OWN_CLUSTER_NAME } from './server-settings.js';

const FAST_SHUTDOWN_MILLISECONDS_MAX = 20_000;
const IMMEDIATE_SHUTDOWN_MILLISECONDS_MAX = 10_000;

/**
 * Clears the way for a new server on a directory whose instance lock we hold: a server of ours that outlived its
 * parent is stopped, one that somebody else runs is refused, and a process that merely carries the old process id is
 * left alone.
 */
export async function clearPreviousServer(dataDirectory: string, notes: string[]): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = readServerPid(pidFile);
  const commandLine = pid === undefined ? [] : readCommandLine(pid);
  // Nothing runs under that id: PostgreSQL replaces the file itself, after a check for surviving children.
  if (pid !== undefined && commandLine === undefined) return;
  if (pid === undefined || !commandLine || !isServerOf(commandLine, dataDirectory)) {
    // PostgreSQL would take the stranger for a running server if both belong to one user.
    rmSync(pidFile, { force: true });
    notes.push(`Removed a stale postmaster.pid; process ${pid ?? 'id missing'} is not PostgreSQL on ${dataDirectory}`);
    return;
  }
  if (!commandLine.includes(`cluster_name=${OWN_CLUSTER_NAME}`)) {
    throw new Error(`${dataDirectory} is already in use by PostgreSQL ${pid}, which this program did not start`);
  }
  await stopOrphan(pid, dataDirectory);
  notes.push(`Stopped PostgreSQL ${pid}, which had outlived the process that started it`);
}

/** The process id in the first line of postmaster.pid; undefined while there is none. */
export function readServerPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function stopOrphan(pid: number, dataDirectory: string): Promise<void> {
  const shutdowns = [
    { signal: 'SIGINT', milliseconds: FAST_SHUTDOWN_MILLISECONDS_MAX },
    { signal: 'SIGQUIT', milliseconds: IMMEDIATE_SHUTDOWN_MILLISECONDS_MAX },
  ] as const;
  for (const { signal, milliseconds } of shutdowns) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
    const deadline = performance.now() + milliseconds;
    while (performance.now() < deadline) {
      const commandLine = readCommandLine(pid);
      if (!commandLine || !isServerOf(commandLine, dataDirectory)) return;
      await sleep(10);
    }
  }
  throw new Error(`PostgreSQL ${pid} on ${dataDirectory} outlived its parent and does not stop`);
}

function isServerOf(commandLine: readonly string[], dataDirectory: string): boolean {
  const [program = ''] = commandLine;
  return basename(program) === 'postgres' && commandLine[commandLine.indexOf('-D') + 1] === dataDirectory;
}

/** The arguments of a process: empty for a zombie, undefined if there is no such process. */
function readCommandLine(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
