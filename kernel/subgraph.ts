import type { FastifyInstance } from 'fastify';
import type { Command } from './commands/command.js';
import type { EntityDefinition } from './database/database.js';
import type { MigrationSet } from './database/migrations.js';
import type { EventType } from './events/event-type.js';
import type { SchemaParts } from './federation/federated-schema.js';
import type { Consumer, Job } from './jobs/job.js';

/** What is known of a domain before anything runs: its tables and their history. */
export interface DomainDefinition {
  /** Name of the subgraph, such as `token-factory`. */
  readonly name: string;
  readonly migrations: MigrationSet;
  readonly entities: readonly EntityDefinition[];
}

/** A domain at work: what the composition root of each subgraph returns. */
export interface Subgraph extends SchemaParts {
  readonly name: string;
  /** Every command of the domain: start-up fails when the registry does not know one's action. */
  readonly commands: readonly Command[];
  readonly events: readonly EventType[];
  readonly jobs: readonly Job[];
  readonly consumers: readonly Consumer[];
  /** Routes that a standard fixes outside of GraphQL (OAuth, node pull, OpenAI-compatible, webhooks). */
  readonly routes?: (server: FastifyInstance) => void | Promise<void>;
  /** Called once after start and before requests: load snapshots. */
  readonly start?: () => Promise<void>;
  readonly stop?: () => Promise<void>;
}
