import path from 'node:path';
import { type EmbeddedPostgres, type ServerExit, startEmbeddedPostgres } from '../kernel/database/embedded-postgres.js';
import { socketUrl } from '../kernel/database/embedded/socket-url.js';
import { urlForRole } from '../kernel/database/database.js';
import { type AppliedMigration, migrate } from '../kernel/database/migrations.js';
import { OWNER_ROLE, ensureRoles } from '../kernel/database/roles.js';
import type { Configuration } from '../kernel/configuration/configuration.js';
import { KERNEL_MIGRATIONS } from '../kernel/kernel.js';
import { projectPath } from '../kernel/project-path.js';
import { DOMAINS } from '../subgraphs/composition.js';

export interface ProcessDatabase {
  readonly url: string;
  readonly description: string;
  readonly migrations: readonly AppliedMigration[];
  /** Only an embedded one can end under us. */
  onExit(listener: (exit: ServerExit) => void): void;
  stop(): Promise<void>;
}

/** The configured PostgreSQL or an embedded one, with roles and tables up to date. */
export async function openDatabase(configuration: Configuration): Promise<ProcessDatabase> {
  const { url, rolePassword } = configuration.database;
  if (url !== null) {
    const migrations = await prepare(url, rolePassword);
    return { url, description: new URL(url).host, migrations, onExit: () => {}, stop: async () => {} };
  }
  const embedded = await startEmbeddedPostgres({
    dataDirectory: path.resolve(projectPath(), configuration.dataDirectory, 'postgres'),
    settings: { max_connections: 100 },
  });
  return prepareEmbedded(embedded);
}

async function prepareEmbedded(embedded: EmbeddedPostgres): Promise<ProcessDatabase> {
  const url = socketUrl({ host: embedded.host, port: embedded.port, user: embedded.superuser }, 'postgres');
  try {
    const migrations = await prepare(url, null);
    return {
      url,
      description: `embedded, data in ${embedded.dataDirectory}`,
      migrations,
      onExit: (listener) => embedded.onExit(listener),
      stop: () => embedded.stop(),
    };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

async function prepare(url: string, rolePassword: string | null): Promise<AppliedMigration[]> {
  await ensureRoles(url, rolePassword);
  return migrate(urlForRole(url, OWNER_ROLE, rolePassword), [
    KERNEL_MIGRATIONS,
    ...DOMAINS.map((domain) => domain.migrations),
  ]);
}
