import { join } from 'node:path';
import pg from 'pg';
import { loadConfiguration } from '../../../kernel/configuration/configuration.js';
import { urlForRole } from '../../../kernel/database/database.js';
import { type ServerSettings, startEmbeddedPostgres } from '../../../kernel/database/embedded-postgres.js';
import { socketUrl } from '../../../kernel/database/embedded/socket-url.js';
import { migrate } from '../../../kernel/database/migrations.js';
import { OWNER_ROLE, ensureRoles } from '../../../kernel/database/roles.js';
import { KERNEL_MIGRATIONS, Kernel, migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import { createLogger } from '../../../kernel/telemetry/logger.js';
import type { BenchmarkEnvironment } from './benchmark.js';
import { WaitSampler } from './wait-sampler.js';

/** A PostgreSQL of one benchmark, with a kernel on it and a pool beside it for the floor. */
export interface BenchDatabase {
  readonly kernel: Kernel;
  /** Plain connections that bypass the platform: as PostgreSQL's superuser, without row level security. */
  readonly bare: pg.Pool;
  close(): Promise<void>;
}

/** Tables of the floor, and of commands made up for measuring. */
export const BENCH_MIGRATIONS = migrationsOf('bench', 'test', 'load');

/** As an installation would run it: commits wait for the disk. Autovacuum stays on, checkpoints are kept out of rounds. */
const DURABLE: ServerSettings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: 100,
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
};

/** What the durable settings mean, for reports. */
export const DURABILITY = 'fsync and synchronous_commit on';

export async function openBenchDatabase(
  environment: BenchmarkEnvironment,
  options: { domains?: readonly DomainDefinition[]; clients: number },
): Promise<BenchDatabase> {
  const domains = options.domains ?? [];
  const postgres = await startEmbeddedPostgres({
    dataDirectory: join(environment.scratchDirectory(), 'postgres'),
    settings: environment.isProfiling ? { ...DURABLE, shared_preload_libraries: 'pg_stat_statements' } : DURABLE,
  });
  const url = socketUrl({ host: postgres.host, port: postgres.port, user: postgres.superuser }, 'postgres');
  await ensureRoles(url, null);
  const sets = domains.map((domain) => domain.migrations);
  await migrate(urlForRole(url, OWNER_ROLE, null), [...new Set([KERNEL_MIGRATIONS, ...sets, BENCH_MIGRATIONS])]);
  const configuration = loadConfiguration({
    CP_ENVIRONMENT: 'test',
    CP_LOG_LEVEL: 'error',
    DATABASE_POOL_SIZE: String(Math.max(6, options.clients)),
    CP_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
  });
  const logger = createLogger({ level: configuration.logLevel });
  const kernel = new Kernel({ configuration, databaseUrl: url, domains, logger });
  await kernel.start();
  const bare = new pg.Pool({ connectionString: url, max: options.clients });
  // PostgreSQL may end before it has heard that a connection was given up.
  bare.on('error', () => {});
  const sampler = new WaitSampler(url);
  if (environment.isProfiling) {
    await bare.query('create extension pg_stat_statements');
    await sampler.start();
  }
  return {
    kernel,
    bare,
    async close() {
      if (environment.isProfiling) {
        environment.note(`what connections were seen at\n${await sampler.stop()}`);
        environment.note(await dearestStatements(bare));
      }
      await kernel.close();
      await bare.end();
      await postgres.stop();
    },
  };
}

/** Where PostgreSQL spent its time, for who improves what was measured. */
async function dearestStatements(bare: pg.Pool): Promise<string> {
  const { rows } = await bare.query<{ line: string }>(`
    select format('%9s ms %8s calls %8s ms each  %s', round(total_exec_time + total_plan_time), calls,
      round(((total_exec_time + total_plan_time) / calls)::numeric, 3),
      left(translate(query, E'\\n\\t', '  '), 160)) as line
    from pg_stat_statements where query not like 'truncate%' order by total_exec_time + total_plan_time desc limit 25`);
  return `PostgreSQL's time\n${rows.map(({ line }) => line).join('\n')}`;
}
