import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, chooseAccount } from './embedded/account.js';
import { locateBinaries } from './embedded/binaries.js';
import { canonicalPath, ensureCluster, reachableDirectory } from './embedded/data-directory.js';
import { hasParentDeathSignal } from './embedded/guarded-process.js';
import { type InstanceLock, lockDataDirectory } from './embedded/instance-lock.js';
import { clearPreviousServer } from './embedded/previous-server.js';
import { type ServerExit, ServerProcess } from './embedded/server-process.js';
import type { ServerOptions, ServerSettings } from './embedded/server-settings.js';
import { type SocketDirectory, prepareSocketDirectory } from './embedded/socket-directory.js';

export type { ServerExit } from './embedded/server-process.js';
export type { ServerSettings } from './embedded/server-settings.js';

/** How to start an embedded PostgreSQL. */
export interface EmbeddedPostgresOptions {
  /** Created with its parents if it is missing. It must not itself be a mount point: it appears by a rename. */
  readonly dataDirectory: string;
  /** For data that may be lost: no durability, no maintenance, a faster first start. */
  readonly isEphemeral?: boolean;
  /** Only names the socket: nothing listens on the network. */
  readonly port?: number;
  readonly settings?: ServerSettings;
}

/** A running PostgreSQL that belongs to this process and ends with it. */
export interface EmbeddedPostgres {
  /** The directory of the Unix socket; PostgreSQL's clients take it as their host. Opened by our user and root only. */
  readonly host: string;
  readonly port: number;
  readonly superuser: 'postgres';
  readonly pid: number;
  /** Canonical; elsewhere than asked for if PostgreSQL's account cannot enter the wanted place (see the notes). */
  readonly dataDirectory: string;
  /** What an operator should know about this start, in sentences. */
  readonly notes: readonly string[];
  /** Calls back once when PostgreSQL ends, by `stop()` or by itself; at once if it has ended. */
  onExit(listener: (exit: ServerExit) => void): void;
  /** A fast shutdown. May be called again, and after PostgreSQL has died. */
  stop(): Promise<void>;
}

const PORT = 5432;
const LAUNCH_ATTEMPTS_MAX = 20;
const LAUNCH_RETRY_MILLISECONDS = 250;

/**
 * Starts PostgreSQL on a data directory, which is created at the first start. Throws if the directory is in use, in a
 * sentence that names it and the process that uses it. Call it from the main thread: the server ends with the thread
 * that started it, also when that is killed.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const notes: string[] = [];
  if (!hasParentDeathSignal()) {
    notes.push('There is no setpriv: if this process is killed, PostgreSQL runs on until the next start stops it');
  }
  const wanted = canonicalPath(options.dataDirectory);
  const dataDirectory = await reachableDirectory(wanted, chooseAccount(wanted), notes);
  const lock = await lockDataDirectory(dataDirectory);
  try {
    return await startLocked({ ...options, dataDirectory }, lock, notes);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function startLocked(
  options: EmbeddedPostgresOptions,
  lock: InstanceLock,
  notes: string[],
): Promise<EmbeddedPostgres> {
  const { dataDirectory, isEphemeral = false, port = PORT, settings = {} } = options;
  const account = chooseAccount(dataDirectory);
  const binaries = locateBinaries(account, notes);
  await clearPreviousServer(dataDirectory, notes);
  await ensureCluster({ dataDirectory, binaries, account, isEphemeral }, notes);
  const socket = prepareSocketDirectory(dataDirectory, port, account);
  const serverOptions = { dataDirectory, socketDirectory: socket.path, port, isEphemeral, settings };
  const server = await launch(binaries.postgres, account, serverOptions);
  lock.announce(server.pid);
  return supervise({ server, socket, lock, options: serverOptions, notes });
}

/** A server that was killed leaves children that hold its shared memory until they notice; the new one waits for them. */
async function launch(command: string, account: Account | undefined, options: ServerOptions): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ServerProcess.launch(command, account, options);
    } catch (error) {
      const isMemoryHeld = error instanceof Error && error.message.includes('pre-existing shared memory block');
      if (!isMemoryHeld || attempt === LAUNCH_ATTEMPTS_MAX) throw error;
      await sleep(LAUNCH_RETRY_MILLISECONDS);
    }
  }
}

function supervise(parts: {
  server: ServerProcess;
  socket: SocketDirectory;
  lock: InstanceLock;
  options: ServerOptions;
  notes: readonly string[];
}): EmbeddedPostgres {
  const { server, socket, lock, options, notes } = parts;
  const released = server.exited.then(async (exit) => {
    socket.remove();
    await lock.release();
    return exit;
  });
  return {
    host: socket.path,
    port: options.port,
    superuser: 'postgres',
    pid: server.pid,
    dataDirectory: options.dataDirectory,
    notes,
    onExit: (listener) => void released.then(listener),
    stop: async () => {
      await server.stop();
      await released;
    },
  };
}
