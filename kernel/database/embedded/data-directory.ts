import { createHash } from 'node:crypto';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { chown, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Account, canReach } from './account.js';
import type { Binaries } from './binaries.js';
import { spawnGuarded } from './guarded-process.js';
import { ensureFallbackDirectory } from './fallback-directory.js';

/** The one spelling of a path: absolute, links of what exists followed. Locks and comparisons rely on it. */
export function canonicalPath(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(canonicalPath(parent), basename(absolute));
}

/** The directory to use: the wanted one, or one outside the project if PostgreSQL's account cannot enter its parent. */
export async function reachableDirectory(
  wanted: string,
  account: Account | undefined,
  notes: string[],
): Promise<string> {
  const parent = dirname(wanted);
  await mkdir(parent, { recursive: true });
  if (canReach(account, parent)) return wanted;
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const moved = join(ensureFallbackDirectory('data'), name);
  notes.push(`The data directory is ${moved}, because PostgreSQL's account cannot enter ${parent}`);
  return moved;
}

/** What is needed to create a cluster. */
export interface ClusterOptions {
  readonly dataDirectory: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly isEphemeral: boolean;
}

/**
 * Creates the cluster if there is none. `initdb` works in a sibling directory that is renamed when it is complete: a
 * directory that carries the final name is never half a cluster, wherever the power went. Needs the instance lock.
 */
export async function ensureCluster(options: ClusterOptions, notes: string[]): Promise<void> {
  const { dataDirectory, account } = options;
  await removeUnfinished(dataDirectory, notes);
  if (existsSync(join(dataDirectory, 'PG_VERSION'))) return;
  if (existsSync(dataDirectory) && readdirSync(dataDirectory).length > 0) {
    throw new Error(`${dataDirectory} is neither empty nor a PostgreSQL data directory`);
  }
  const unfinished = await mkdtemp(unfinishedPrefix(dataDirectory));
  try {
    if (account) await chown(unfinished, account.uid, account.gid);
    await runInitdb(options, unfinished);
    await rename(unfinished, dataDirectory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  if (!options.isEphemeral) await syncDirectory(dirname(dataDirectory));
}

function unfinishedPrefix(dataDirectory: string): string {
  return `${dataDirectory}.initializing-`;
}

async function removeUnfinished(dataDirectory: string, notes: string[]): Promise<void> {
  const parent = dirname(dataDirectory);
  const prefix = basename(unfinishedPrefix(dataDirectory));
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    // Retried, because the children of a killed initdb may still be writing.
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    notes.push(`Removed ${join(parent, name)}, which an interrupted first start left behind`);
  }
}

async function runInitdb(options: ClusterOptions, target: string): Promise<void> {
  const identity = ['--username=postgres', '--auth-local=trust', '--auth-host=reject'];
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8'];
  const durability = options.isEphemeral ? ['--no-sync', '--no-data-checksums'] : [];
  const child = spawnGuarded({
    command: options.binaries.initdb,
    arguments: ['-D', target, ...identity, ...locale, ...durability, '--no-instructions'],
    workingDirectory: target,
    account: options.account,
    parentDeathSignal: 'KILL',
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await new Promise<void>((resolvePromise, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolvePromise();
      else reject(new Error(`initdb of ${options.dataDirectory} ended with ${signal ?? code}: ${complaint.trim()}`));
    });
  });
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
