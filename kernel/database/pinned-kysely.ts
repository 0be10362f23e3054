import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type { SendStatement } from './transaction.js';

class PinnedConnection implements DatabaseConnection {
  readonly #send: SendStatement;

  constructor(send: SendStatement) {
    this.#send = send;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, rowCount, command } = await this.#send({ text: query.sql, values: query.parameters });
    const isWrite = command !== 'SELECT';
    return isWrite ? { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) } : { rows: rows as Row[] };
  }

  // oxlint-disable-next-line require-yield -- the interface demands a generator; streaming inside a transaction is not offered
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not available on a pinned connection');
  }
}

/** A driver over one connection that somebody else opened a transaction on, and will close. */
class PinnedDriver implements Driver {
  readonly #connection: PinnedConnection;

  constructor(send: SendStatement) {
    this.#connection = new PinnedConnection(send);
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async beginTransaction(): Promise<void> {
    throw new Error('the transaction is already open');
  }
  async commitTransaction(): Promise<void> {
    throw new Error('only the owner of the transaction commits it');
  }
  async rollbackTransaction(): Promise<void> {
    throw new Error('only the owner of the transaction rolls it back');
  }
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

/** A query builder, and MikroORM's transaction context, bound to one open transaction. */
export function pinnedKysely<Tables>(send: SendStatement): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new PinnedDriver(send),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}
