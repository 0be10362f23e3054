import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Actor } from '../access/actor.js';
import { loadConfiguration } from '../configuration/configuration.js';
import { urlForRole } from '../database/database.js';
import { type MigrationSet, migrate } from '../database/migrations.js';
import { OWNER_ROLE, ensureRoles } from '../database/roles.js';
import { eventLog } from '../events/sequencer.js';
import type { RequestContext } from '../graphql/request-context.js';
import { newId } from '../identifiers/type-id.js';
import type { Consumer, Job } from '../jobs/job.js';
import { Worker } from '../jobs/worker.js';
import { KERNEL_MIGRATIONS, Kernel } from '../kernel.js';
import type { DomainDefinition } from '../subgraph.js';
import { createLogger } from '../telemetry/logger.js';
import { type TestDatabase, createTestDatabase, ensureTemplate } from './database-cluster.js';

export interface TestKernel {
  readonly kernel: Kernel;
  readonly database: TestDatabase;
  /** A fresh request of this actor. */
  context(actor: Actor): RequestContext;
  /** Runs the kernel's jobs and these in the background until the test ends. */
  runWorker(jobs?: readonly Job[], consumers?: readonly Consumer[]): void;
  /** Stops everything and drops the database. */
  close(): Promise<void>;
}

/** A kernel on a database of its own, migrated for the given domains, on the test run's PostgreSQL. */
export async function startTestKernel(
  options: { domains?: readonly DomainDefinition[]; environment?: Record<string, string> } = {},
): Promise<TestKernel> {
  const domains = options.domains ?? [];
  const template = await migratedTemplate([KERNEL_MIGRATIONS, ...domains.map((domain) => domain.migrations)]);
  const database = await createTestDatabase({ template });
  const configuration = loadConfiguration({
    CP_ENVIRONMENT: 'test',
    CP_LOG_LEVEL: 'silent',
    DATABASE_POOL_SIZE: '6',
    ...options.environment,
  });
  const logger = createLogger({ level: configuration.logLevel });
  const kernel = new Kernel({ configuration, databaseUrl: database.superuserUrl, domains, logger });
  await kernel.start();
  const workers: Worker[] = [];
  return {
    kernel,
    database,
    context: (actor) => kernel.context({ actor, correlationId: newId('cor') }),
    runWorker(jobs = [], consumers = []) {
      const worker = new Worker({ database: kernel.database, feed: kernel.feed, logger });
      worker.start([...kernel.jobs(), ...jobs], consumers);
      workers.push(worker);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await kernel.close();
      await database.drop();
    },
  };
}

/** A template database with these migrations, built once per run and content. */
export async function migratedTemplate(sets: readonly MigrationSet[]): Promise<string> {
  const hash = createHash('sha256');
  for (const set of sets) {
    hash.update(set.schema);
    for (const file of readdirSync(set.directory).sort())
      hash.update(file).update(readFileSync(path.join(set.directory, file)));
  }
  const name = `template_${hash.digest('hex').slice(0, 24)}`;
  await ensureTemplate(name, async (url) => {
    await ensureRoles(url, null);
    await migrate(urlForRole(url, OWNER_ROLE, null), sets);
  });
  return name;
}

/** Asks again until the condition holds; fails loudly after the time. */
export async function eventually<Value>(
  probe: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  options: { milliseconds?: number; what?: string } = {},
): Promise<Value> {
  const deadline = Date.now() + (options.milliseconds ?? 10_000);
  for (;;) {
    const value = await probe();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`did not happen in time: ${options.what ?? 'the awaited condition'}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 15);
    });
  }
}

/**
 * Waits until all that waits in the outbox can be sequenced: until no transaction that began earlier is open, in any
 * database of the cluster, which other tests use too.
 */
export async function untilSequenceable({ kernel }: Pick<TestKernel, 'kernel'>): Promise<void> {
  await eventually(async () => {
    const row = await kernel.database.read('system', (tx) =>
      tx.row<{ are: boolean }>(
        'select not exists (select from kernel.outbox where xid >= pg_snapshot_xmin(pg_current_snapshot())) as are',
      ),
    );
    return row?.are === true;
  });
}

/** Waits until all events that were told are in the log and heard of here: a stream that begins then tells none of them. */
export async function untilHeard({ kernel }: Pick<TestKernel, 'kernel'>): Promise<void> {
  await eventually(async () => {
    const row = await kernel.database.read('system', (tx) =>
      tx.row<{ last: bigint; waits: boolean }>(
        `select last_position as last, exists (select from kernel.outbox where topic = $1) as waits
         from kernel.log_heads where log = $2`,
        [eventLog.topic, eventLog.log],
      ),
    );
    return row?.waits === false && kernel.feed.head >= row.last;
  });
}

/** A person of one organization, for tests. */
export function testHuman(organizationIds: readonly string[] | '*', overrides: Partial<Actor> = {}): Actor {
  return { kind: 'human', id: newId('usr'), displayName: 'Test Person', organizationIds, assurance: 2, ...overrides };
}
