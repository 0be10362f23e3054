import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './error-code.js';

/** The sole right of this process to run PostgreSQL on a data directory. */
export interface InstanceLock {
  /** Tells later starters which PostgreSQL they collide with. */
  announce(postgresPid: number): void;
  release(): Promise<void>;
}

const ATTEMPTS_MAX = 5;
const ANSWER_MILLISECONDS_MAX = 1_000;

/**
 * Takes the lock, or throws an error that names the directory and the process that holds it.
 *
 * The lock is a socket in Linux' abstract namespace: taking it is atomic, and the kernel releases it when the process
 * dies, so there is no stale lock and no reused process id to be mistaken for the holder. Its reach is the network
 * namespace; across containers that share a volume only PostgreSQL's own lock file stands.
 */
export async function lockDataDirectory(dataDirectory: string): Promise<InstanceLock> {
  const address = `\0embedded-postgres-${createHash('sha256').update(dataDirectory).digest('hex').slice(0, 40)}`;
  for (let attempt = 1; ; attempt += 1) {
    const lock = await tryListen(address);
    if (lock) return lock;
    const holder = await askHolder(address);
    // No answer may mean that the holder has just let go.
    if (holder || attempt === ATTEMPTS_MAX) {
      throw new Error(`${dataDirectory} is already in use by ${holder ?? 'another process that does not answer'}`);
    }
    await sleep(20 * attempt);
  }
}

async function tryListen(address: string): Promise<InstanceLock | undefined> {
  let description = `process ${process.pid}, which is starting PostgreSQL on it`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(description);
  });
  try {
    await listen(server, address);
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return undefined;
    throw error;
  }
  server.unref();
  return {
    announce: (postgresPid) => {
      description = `process ${process.pid}, which runs PostgreSQL ${postgresPid} on it`;
    },
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function askHolder(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(address);
    socket.setTimeout(ANSWER_MILLISECONDS_MAX, () => socket.destroy());
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer === '' ? undefined : answer));
  });
}
