import path from 'node:path';
import { CommandPipeline } from './commands/command-pipeline.js';
import type { Configuration } from './configuration/configuration.js';
import { Database } from './database/database.js';
import type { MigrationSet } from './database/migrations.js';
import { EventFeed } from './events/event-feed.js';
import { retentionJob } from './events/retention-job.js';
import { eventLog } from './events/sequencer.js';
import { sequencerJob } from './events/sequencer-job.js';
import { WakeSignal } from './events/wake-signal.js';
import { RequestContext, type RequestFacts } from './graphql/request-context.js';
import type { Job } from './jobs/job.js';
import { projectPath } from './project-path.js';
import type { DomainDefinition } from './subgraph.js';
import type { Logger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';

export const KERNEL_MIGRATIONS: MigrationSet = { schema: 'kernel', directory: projectPath('kernel', 'migrations') };

export interface KernelOptions {
  readonly configuration: Configuration;
  readonly databaseUrl: string;
  readonly domains: readonly DomainDefinition[];
  readonly logger: Logger;
  readonly metrics?: Metrics;
}

/** The technical primitives of one process, ready to be given to domains. */
export class Kernel {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly pipeline: CommandPipeline;
  readonly feed: EventFeed;
  /** Woken when a transaction put something into the outbox. */
  readonly outboxSignal: WakeSignal;
  readonly #appendedSignal: WakeSignal;
  readonly #retentionSeconds: number;

  constructor(options: KernelOptions) {
    const { configuration, logger } = options;
    this.configuration = configuration;
    this.logger = logger;
    this.metrics = options.metrics ?? new Metrics();
    this.database = new Database({
      url: options.databaseUrl,
      rolePassword: configuration.database.rolePassword,
      poolSize: configuration.database.poolSize,
      entities: options.domains.flatMap((domain) => domain.entities),
      logger,
    });
    this.outboxSignal = new WakeSignal('cp_outbox', this.database.systemPool, logger);
    this.#appendedSignal = new WakeSignal('cp_events', this.database.systemPool, logger);
    this.database.onOutboxCommit(() => this.outboxSignal.wake());
    this.pipeline = new CommandPipeline({ database: this.database, metrics: this.metrics.commands });
    this.feed = new EventFeed(this.database, this.#appendedSignal);
    this.#retentionSeconds = configuration.eventRetentionSeconds;
  }

  /** Begins to follow the event log. */
  async start(): Promise<void> {
    await this.outboxSignal.listen();
    await this.#appendedSignal.listen();
    await this.feed.start();
  }

  /** Background work of the kernel itself; some worker must run it. */
  jobs(): Job[] {
    const sequencer = sequencerJob({
      database: this.database,
      log: eventLog,
      outboxSignal: this.outboxSignal,
      appendedSignal: this.#appendedSignal,
    });
    return [sequencer, retentionJob(this.database, this.#retentionSeconds)];
  }

  context(facts: RequestFacts): RequestContext {
    return new RequestContext({ database: this.database, pipeline: this.pipeline, feed: this.feed }, facts);
  }

  async close(): Promise<void> {
    await this.feed.close();
    await Promise.all([this.outboxSignal.close(), this.#appendedSignal.close()]);
    await this.database.close();
  }
}

/** Resolves the directory of a domain's migrations. */
export function migrationsOf(schema: string, ...folder: string[]): MigrationSet {
  return { schema, directory: path.join(projectPath(...folder), 'migrations') };
}
