import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { SocketAddress } from '../database/embedded/socket-url.js';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The throw-away PostgreSQL of this test run, with its superuser. */
    pg: SocketAddress;
  }
}

/** A run's directory is named with its process id behind this. */
const RUN_DIRECTORY_PREFIX = 'gpu-control-plane-test-';

const AGE_MILLISECONDS_MIN = 60 * 60 * 1_000;

/** Starts one PostgreSQL for the whole run, in a directory of its own: runs may overlap. */
export default async function setUpTestRun(project: TestProject): Promise<() => Promise<void>> {
  removeAbandoned(tmpdir());
  const directory = mkdtempSync(join(tmpdir(), `${RUN_DIRECTORY_PREFIX}${process.pid}-`));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  try {
    chmodSync(directory, 0o755); // PostgreSQL's account must get through
    const postgres = await startEmbeddedPostgres({
      dataDirectory: join(directory, 'data'),
      isEphemeral: true,
      settings: { max_connections: 300, shared_buffers: '32MB', max_wal_size: '2GB', checkpoint_timeout: '1h' },
    });
    project.provide('pg', { host: postgres.host, port: postgres.port, user: postgres.superuser });
    return async () => {
      await postgres.stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Removes what runs that were killed have left: of a process that is gone, and old enough to be sure of it. */
function removeAbandoned(temporaryDirectory: string): void {
  for (const name of readdirSync(temporaryDirectory)) {
    if (!name.startsWith(RUN_DIRECTORY_PREFIX)) continue;
    const pid = Number(name.slice(RUN_DIRECTORY_PREFIX.length).split('-', 1)[0]);
    const path = join(temporaryDirectory, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (existsSync(`/proc/${pid}`) || Date.now() - modified < AGE_MILLISECONDS_MIN) continue;
    rmSync(path, { recursive: true, force: true });
  }
}
