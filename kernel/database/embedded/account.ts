import { spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';

/** The operating system user that PostgreSQL runs as; it refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account to run PostgreSQL as, or undefined for "the user we already are".
 * A cluster that exists keeps its owner, so that root may start what a developer created and the reverse.
 */
export function chooseAccount(dataDirectory: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = lstatSync(dataDirectory, { throwIfNoEntry: false });
  if (existing?.isDirectory() && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  for (const name of ['postgres', 'nobody']) {
    const uid = readId('-u', name);
    const gid = readId('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('Running as root, and there is no user "postgres" or "nobody" to run PostgreSQL as');
}

/** Whether the account may execute a file, or enter a directory. Without an account the question is ours to fail on. */
export function canReach(account: Account | undefined, path: string): boolean {
  if (!account) return true;
  return spawnSync('test', ['-x', path], { uid: account.uid, gid: account.gid, cwd: '/' }).status === 0;
}

function readId(flag: '-u' | '-g', name: string): number | undefined {
  const result = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout) : undefined;
}
