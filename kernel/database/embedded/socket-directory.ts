import { createHash } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from './account.js';
import { errorCode } from './error-code.js';

/** Where the server's Unix socket is. */
export interface SocketDirectory {
  readonly path: string;
  /** Removes what was made for the socket alone. */
  remove(): void;
}

/** The kernel's `sun_path` has 108 bytes, the last of which is a zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** The data directory, or a short private one below /tmp if the socket's path would be too long. */
export function prepareSocketDirectory(
  dataDirectory: string,
  port: number,
  account: Account | undefined,
): SocketDirectory {
  if (isShortEnough(dataDirectory, port)) {
    removeStaleSocket(dataDirectory, port);
    return { path: dataDirectory, remove: () => undefined };
  }
  const uid = account?.uid ?? process.getuid?.() ?? 0;
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  const path = join('/tmp', `embedded-postgres-${uid}-${name}`);
  createPrivately(path, account, uid);
  removeStaleSocket(path, port);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function isShortEnough(directory: string, port: number): boolean {
  return Buffer.byteLength(join(directory, `.s.PGSQL.${port}`)) <= SOCKET_PATH_BYTES_MAX;
}

/** Like postmaster.pid, the lock of a socket holds a process id that a stranger may carry by now. */
function removeStaleSocket(directory: string, port: number): void {
  rmSync(join(directory, `.s.PGSQL.${port}.lock`), { force: true });
}

/** /tmp is everybody's: a directory of that name counts only if it belongs to the account and to nobody else. */
function createPrivately(path: string, account: Account | undefined, uid: number): void {
  try {
    mkdirSync(path, { mode: 0o700 });
    if (account) chownSync(path, account.uid, account.gid);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const found = lstatSync(path);
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return;
    throw new Error(`${path} is needed for PostgreSQL's socket, but it belongs to somebody else: remove it`, {
      cause: error,
    });
  }
}
