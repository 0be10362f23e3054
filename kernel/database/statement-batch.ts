import pg, { type Connection, type PoolClient, type QueryResult, type QueryResultRow, type Submittable } from 'pg';

/** One statement with its parameters. With a name the server keeps it prepared: name and text must then be constants. */
export interface Statement {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly unknown[];
}

/** What pg's own query object understands; its type declarations leave it out. */
interface WireQuery {
  readonly name?: string;
  readonly text: string;
  submit(connection: WireConnection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: WireConnection): void;
  handleReadyForQuery(connection: WireConnection): void;
}

type WireConnection = Connection & {
  readonly submittedNamedStatements: Record<string, string>;
  sync(): void;
};

type Callback = (error: Error | null, result: QueryResult) => void;

/**
 * Sends statements in one write and hears all their answers in one: the extended protocol with a single Sync at the end
 * (PostgreSQL documentation, 54.2.4 "Pipelining"). The server runs them in order; after the first that fails it skips
 * the rest, a COMMIT included. Rejects with that failure. `count` is what the batch counts for in
 * `database.statementCount`.
 */
export async function sendBatch(
  client: Pick<PoolClient, 'query'>,
  statements: readonly Statement[],
  count = statements.length,
): Promise<readonly QueryResult<QueryResultRow>[]> {
  try {
    return await new Promise<QueryResult[]>((resolve, reject) => {
      client.query(new StatementBatch({ statements, count, resolve, reject }));
    });
  } catch (error) {
    // The stack of the socket says nothing; that of the caller does. The same is done by pg's own queries.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}

/** A query of many statements, for pg's queue. */
export class StatementBatch implements Submittable {
  readonly count: number;
  readonly #queries: readonly WireQuery[];
  readonly #results: QueryResult[] = [];
  readonly #resolve: (results: QueryResult[]) => void;
  readonly #reject: (error: Error) => void;
  /** The statement whose answer is awaited. */
  #at = 0;
  #failure: Error | null = null;

  constructor(batch: {
    statements: readonly Statement[];
    count: number;
    resolve: (results: QueryResult[]) => void;
    reject: (error: Error) => void;
  }) {
    const callback: Callback = (error, result) => {
      if (error === null) this.#results.push(result);
      else this.#failure ??= error;
    };
    this.#queries = batch.statements.map((statement) => wireQuery(statement, callback));
    this.count = batch.count;
    this.#resolve = batch.resolve;
    this.#reject = batch.reject;
  }

  /** Asked by pg when the server has parsed: which statement of the connection that was. */
  get name(): string | undefined {
    return this.#queries[this.#at]?.name;
  }

  get text(): string | undefined {
    return this.#queries[this.#at]?.text;
  }

  submit(connection: Connection): null {
    const wire = connection as WireConnection;
    const { stream } = wire;
    stream.cork();
    try {
      const unsynced = withoutSync(wire);
      for (const query of this.#queries) {
        // What cannot be sent ends the batch: nothing after it may run, and least of all a COMMIT.
        this.#failure ??= query.submit(unsynced);
        if (this.#failure !== null) break;
      }
      wire.sync();
    } finally {
      stream.uncork();
    }
    return null;
  }

  handleRowDescription(message: unknown): void {
    this.#queries[this.#at]?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.#queries[this.#at]?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: Connection): void {
    const query = this.#queries[this.#at];
    query?.handleCommandComplete(message, connection as WireConnection);
    query?.handleReadyForQuery(connection as WireConnection);
    this.#at += 1;
  }

  handleEmptyQuery(): void {
    this.#failure ??= new Error('a statement of a batch is empty');
    this.#at += 1;
  }

  handleError(error: Error, connection: Connection): void {
    const { submittedNamedStatements } = connection as WireConnection;
    // The server skipped these: they are not prepared, whatever was sent.
    for (const { name } of this.#queries.slice(this.#at)) if (name !== undefined) delete submittedNamedStatements[name];
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failure === null) this.#resolve(this.#results);
    else this.#reject(this.#failure);
  }
}

function wireQuery(statement: Statement, callback: Callback): WireQuery {
  const { text, name, values = [] } = statement;
  const config = {
    text,
    ...(name === undefined ? {} : { name }),
    values: [...values],
    queryMode: 'extended',
    callback,
  };
  return new (pg.Query as unknown as new (config: object) => WireQuery)(config);
}

const unsyncedConnections = new WeakMap<WireConnection, WireConnection>();

/** The same connection, on which single statements send no Sync of their own. */
function withoutSync(connection: WireConnection): WireConnection {
  let unsynced = unsyncedConnections.get(connection);
  if (unsynced === undefined) {
    unsynced = Object.create(connection, { sync: { value: () => {} } }) as WireConnection;
    unsyncedConnections.set(connection, unsynced);
  }
  return unsynced;
}
