import type { SqlEntityManager } from '@mikro-orm/sql';
import type { Kysely } from 'kysely';
import type { QueryResult, QueryResultRow } from 'pg';
import { pinnedKysely } from './pinned-kysely.js';
import type { Statement } from './statement-batch.js';

/** Sends one statement of the open transaction. */
export type SendStatement = (statement: Statement) => Promise<QueryResult>;

/** A row for the outbox; leaves with the commit, or not at all. See `kernel/events`. */
export interface OutboxRow {
  readonly topic: string;
  readonly organizationId: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * One open database transaction, with three ways to speak to it: plain SQL (`rows`, hot paths), Kysely (lists), and
 * MikroORM's unit of work (`em`, writes). All on one connection; whoever opened the transaction commits it.
 */
export class Transaction {
  readonly #send: SendStatement;
  readonly #createEntityManager: (kysely: Kysely<unknown>) => SqlEntityManager;
  #kysely: Kysely<unknown> | undefined;
  #entityManager: SqlEntityManager | undefined;
  readonly #outbox: OutboxRow[] = [];
  readonly #deferred: Statement[] = [];
  readonly #afterCommit: (() => void)[] = [];

  constructor(send: SendStatement, createEntityManager: (kysely: Kysely<unknown>) => SqlEntityManager) {
    this.#send = send;
    this.#createEntityManager = createEntityManager;
  }

  /** Runs one statement and returns its rows. `values` are parameters, never spliced into the text. */
  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#send({ text, values })).rows as Row[];
  }

  /** As {@link rows}, for a statement that answers at most one row. */
  async row<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row | null> {
    return (await this.rows<Row>(text, values))[0] ?? null;
  }

  /** Runs a statement as a server-side prepared one. `name` and `text` must be constants: the server keeps each. */
  async prepared<Row extends QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#send({ name, text, values })).rows as Row[];
  }

  /** Runs a statement and returns how many rows it touched. */
  async execute(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.#send({ text, values })).rowCount ?? 0;
  }

  /** The typed query builder; each domain names its own tables. */
  kysely<Tables>(): Kysely<Tables> {
    this.#kysely ??= pinnedKysely<unknown>(this.#send);
    return this.#kysely as Kysely<Tables>;
  }

  /** The unit of work. Its changes are flushed before the commit, and by `await tx.em.flush()` whenever order matters. */
  get em(): SqlEntityManager {
    this.#entityManager ??= this.#createEntityManager(this.kysely<unknown>());
    return this.#entityManager;
  }

  /** Puts a row into the outbox; written with the rest just before the commit. */
  send(row: OutboxRow): void {
    this.#outbox.push(row);
  }

  /** Runs after a successful commit. For hints only: the process may die before it runs. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  /**
   * Puts a statement off until the commit, with which it shares one round trip. For writes that nobody in the
   * transaction reads again; its failure is the transaction's.
   */
  defer(statement: Statement): void {
    this.#deferred.push(statement);
  }

  /** @internal Writes the unit of work, and answers what goes along with COMMIT. Called by the transaction's owner. */
  async flush(): Promise<{ statements: Statement[]; hasEvents: boolean; afterCommit: readonly (() => void)[] }> {
    await this.#entityManager?.flush();
    const hasEvents = this.#outbox.length > 0;
    const statements = hasEvents ? [outboxStatement(this.#outbox), ...this.#deferred] : this.#deferred;
    return { statements, hasEvents, afterCommit: this.#afterCommit };
  }
}

function outboxStatement(rows: readonly OutboxRow[]): Statement {
  return {
    name: 'kernel.outbox.append',
    text: `insert into kernel.outbox (topic, organization_id, body)
      select * from unnest($1::text[], $2::text[], $3::jsonb[])`,
    values: [
      rows.map((row) => row.topic),
      rows.map((row) => row.organizationId),
      rows.map((row) => JSON.stringify(row.body)),
    ],
  };
}
