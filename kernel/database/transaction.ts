import type { SqlEntityManager } from '@mikro-orm/sql';
import type { Kysely } from 'kysely';
import type { PoolClient, QueryResultRow } from 'pg';
import { pinnedKysely } from './pinned-kysely.js';

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
  readonly #client: PoolClient;
  readonly #createEntityManager: (kysely: Kysely<unknown>) => SqlEntityManager;
  #kysely: Kysely<unknown> | undefined;
  #entityManager: SqlEntityManager | undefined;
  readonly #outbox: OutboxRow[] = [];
  readonly #afterCommit: (() => void)[] = [];

  constructor(client: PoolClient, createEntityManager: (kysely: Kysely<unknown>) => SqlEntityManager) {
    this.#client = client;
    this.#createEntityManager = createEntityManager;
  }

  /** Runs one statement and returns its rows. `values` are parameters, never spliced into the text. */
  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(text, [...values])).rows;
  }

  /** As {@link rows}, for a statement that answers at most one row. */
  async row<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row | null> {
    return (await this.rows<Row>(text, values))[0] ?? null;
  }

  /** Runs a statement as a server-side prepared one. `name` and `text` must be constants: the server keeps each. */
  async prepared<Row extends QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#client.query<Row>({ name, text, values: [...values] })).rows;
  }

  /** Runs a statement and returns how many rows it touched. */
  async execute(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.#client.query(text, [...values])).rowCount ?? 0;
  }

  /** The typed query builder; each domain names its own tables. */
  kysely<Tables>(): Kysely<Tables> {
    this.#kysely ??= pinnedKysely<unknown>(this.#client);
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

  /** @internal Writes what is buffered. Called by the owner of the transaction right before COMMIT. */
  async flush(): Promise<{ hasEvents: boolean; afterCommit: readonly (() => void)[] }> {
    await this.#entityManager?.flush();
    if (this.#outbox.length > 0) {
      await this.prepared(
        'kernel.outbox.append',
        `insert into kernel.outbox (topic, organization_id, body)
         select * from unnest($1::text[], $2::text[], $3::jsonb[])`,
        [
          this.#outbox.map((row) => row.topic),
          this.#outbox.map((row) => row.organizationId),
          this.#outbox.map((row) => JSON.stringify(row.body)),
        ],
      );
    }
    return { hasEvents: this.#outbox.length > 0, afterCommit: this.#afterCommit };
  }
}
