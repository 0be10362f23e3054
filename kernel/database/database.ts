import { MikroORM } from '@mikro-orm/postgresql';
import type { AnyEntity, EntityClass, EntitySchema } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import type { Kysely } from 'kysely';
import pg, { type PoolClient } from 'pg';
import type { Logger } from '../telemetry/logger.js';
import { toPlatformError, unreachable } from './database-errors.js';
import { pinnedKysely } from './pinned-kysely.js';
import { APPLICATION_ROLE, SYSTEM_ROLE } from './roles.js';
import { Session } from './session.js';
import { type Statement, StatementBatch } from './statement-batch.js';
import { type SendStatement, Transaction } from './transaction.js';

// Counts and sizes are bigint in the database; JavaScript numbers hold integers exactly only to 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => BigInt(text));

export type EntityDefinition = EntitySchema | EntityClass<AnyEntity>;

/** What a transaction may meet: the rows of these organizations, or (`'system'`) what the system role's policies show. */
export type Isolation = readonly string[] | 'system';

export interface DatabaseOptions {
  /** A connection string without user; the role is set by us. */
  readonly url: string;
  readonly rolePassword: string | null;
  readonly poolSize: number;
  readonly entities: readonly EntityDefinition[];
  readonly logger: Logger;
}

export function urlForRole(url: string, role: string, password: string | null): string {
  const target = new URL(url);
  target.username = role;
  target.password = password ?? '';
  return target.toString();
}

/** Pools of the two roles, and transactions on them. Every statement of the product runs inside one of these. */
export class Database {
  readonly applicationPool: pg.Pool;
  readonly systemPool: pg.Pool;
  readonly #orm: MikroORM;
  readonly #commitListeners = new Set<() => void>();
  /** Statements sent since start; tests assert on differences of it. */
  statementCount = 0;
  #isClosing = false;

  constructor(options: DatabaseOptions) {
    this.applicationPool = this.#createPool(options, APPLICATION_ROLE);
    this.systemPool = this.#createPool(options, SYSTEM_ROLE);
    this.#orm = new MikroORM({
      entities: options.entities.length > 0 ? [...options.entities] : [],
      discovery: { warnWhenNoEntities: false },
      dbName: 'unused',
      // Every entity manager is bound to a transaction of ours; a query outside of one has no connection and fails.
      driverOptions: pinnedKysely<unknown>(noConnection()),
      ensureDatabase: false,
      allowGlobalContext: false,
    });
  }

  #createPool(options: DatabaseOptions, role: string): pg.Pool {
    const pool = new pg.Pool({
      connectionString: urlForRole(options.url, role, options.rolePassword),
      max: options.poolSize,
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 60_000,
      application_name: role,
    });
    const lost = (error: Error & { client?: unknown }, message: string): void => {
      // Pools end without waiting for their sockets, so that a server which stops right after still finds some.
      if (this.#isClosing) return;
      // The pool hangs the whole client on the error: pages of internals in a log.
      delete error.client;
      options.logger.warn({ err: error, role }, message);
    };
    pool.on('error', (error) => lost(error, 'an idle database connection was lost'));
    pool.on('connect', (client) => {
      // While a client is checked out nobody else listens, and an error without a listener ends the process.
      client.on('error', (error) => lost(error, 'a database connection was lost'));
      this.#countStatements(client);
    });
    return pool;
  }

  #countStatements(client: PoolClient): void {
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    client.query = ((...parameters: unknown[]) => {
      const [first] = parameters;
      this.statementCount += first instanceof StatementBatch ? first.count : 1;
      return query(...parameters);
    }) as typeof client.query;
  }

  /** Hears of each commit that put something into the outbox, in this process. A hint, never the only signal. */
  onOutboxCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  /**
   * Opens a transaction, runs `work`, commits; rolls back when it throws. The statements of `preamble` travel in the same
   * round trip as BEGIN, and the rows of each are passed to `work`. Without a preamble BEGIN travels with the first
   * statement. What was put into the outbox or deferred travels with COMMIT.
   */
  async transaction<Result>(
    isolation: Isolation,
    work: (tx: Transaction, preambleRows: readonly Record<string, unknown>[][]) => Promise<Result>,
    options: { preamble?: readonly Statement[]; isReadOnly?: boolean } = {},
  ): Promise<Result> {
    const client = await this.#connect(isolation);
    const session = new Session(client, isolation, options.isReadOnly === true);
    try {
      const { preamble = [] } = options;
      const preambleRows = preamble.length === 0 ? [] : await session.open(preamble);
      const tx = new Transaction(session.send, (kysely) => this.#entityManager(kysely));
      const result = await work(tx, preambleRows);
      const { statements, hasEvents, afterCommit } = await tx.flush();
      // Nothing depends on the end of a read: its answer does not wait for it.
      if (options.isReadOnly === true && statements.length === 0) session.end();
      else await session.commit(statements);
      if (hasEvents) for (const listener of this.#commitListeners) listener();
      for (const action of afterCommit) action();
      return result;
    } catch (error) {
      await session.rollBack();
      throw toPlatformError(error);
    }
  }

  /** A read: sees one organization set, changes nothing. */
  async read<Result>(isolation: Isolation, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.transaction(isolation, work, { isReadOnly: true });
  }

  async #connect(isolation: Isolation): Promise<PoolClient> {
    const pool = isolation === 'system' ? this.systemPool : this.applicationPool;
    try {
      return await pool.connect();
    } catch (error) {
      throw unreachable(error);
    }
  }

  #entityManager(kysely: Kysely<unknown>): SqlEntityManager {
    const em = this.#orm.em.fork({ clear: true }) as SqlEntityManager;
    em.setTransactionContext(kysely);
    return em;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#orm.close(true);
    await Promise.all([this.applicationPool.end(), this.systemPool.end()]);
  }
}

function noConnection(): SendStatement {
  return () => {
    throw new Error('a MikroORM query outside of a transaction: use tx.em');
  };
}
