import type { PoolClient, QueryResult } from 'pg';
import type { Isolation } from './database.js';
import { type Statement, sendBatch } from './statement-batch.js';
import type { SendStatement } from './transaction.js';

const BEGIN: Statement = { name: 'kernel.begin', text: 'begin' };
const BEGIN_READ_ONLY: Statement = { name: 'kernel.begin_read_only', text: 'begin read only' };
const COMMIT: Statement = { name: 'kernel.commit', text: 'commit' };

/** Statements of one round trip. */
const TOGETHER_MAX = 64;

interface Waiting {
  readonly statement: Statement;
  readonly resolve: (result: QueryResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One pooled connection for the time of one transaction. Sends BEGIN with the first statement and COMMIT with the last
 * ones: each round trip costs both sides a switch of context, which is most of what a short transaction costs.
 */
export class Session {
  readonly #client: PoolClient;
  /** What must go before the next statement: the opening, until it was sent. */
  #opening: readonly Statement[];
  #isReleased = false;
  readonly #waiting: Waiting[] = [];
  /** Settles, and never rejects, when the statements under way have ended; null when there are none. */
  #busy: Promise<void> | null = null;

  constructor(client: PoolClient, isolation: Isolation, isReadOnly: boolean) {
    this.#client = client;
    this.#opening = [isReadOnly ? BEGIN_READ_ONLY : BEGIN, ...isolationStatement(isolation)];
  }

  /** Begins at once, with statements whose rows are wanted before anything else happens. */
  async open(preamble: readonly Statement[]): Promise<Record<string, unknown>[][]> {
    const results = await this.#sendWithOpening(preamble, 1);
    return results.map(({ rows }) => rows as Record<string, unknown>[]);
  }

  /**
   * Statements that are asked for at once, as by Promise.all, travel together and run in the order of asking. When one
   * fails, all that travelled with it fail with its error: the transaction is lost to each of them.
   */
  readonly send: SendStatement = async (statement) =>
    new Promise<QueryResult>((resolve, reject) => {
      this.#waiting.push({ statement, resolve, reject });
      this.#busy ??= this.#sendWaiting();
    });

  async #sendWaiting(): Promise<void> {
    // A microtask later, everything that is asked for at once has been asked for.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, TOGETHER_MAX);
      try {
        const results = await this.#sendTogether(together.map(({ statement }) => statement));
        for (const [index, { resolve }] of together.entries()) resolve(results[index] as QueryResult);
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    this.#busy = null;
  }

  async #sendTogether(statements: readonly Statement[]): Promise<readonly QueryResult[]> {
    const [only] = statements;
    if (this.#opening.length > 0) return this.#sendWithOpening(statements, statements.length + 1);
    if (only === undefined || statements.length > 1) return sendBatch(this.#client, statements);
    const { name, text, values = [] } = only;
    const query = { text, values: [...values] };
    return [await this.#client.query(name === undefined ? query : { ...query, name })];
  }

  /** The opening counts for one statement, whatever it is made of. */
  async #sendWithOpening(statements: readonly Statement[], count: number): Promise<readonly QueryResult[]> {
    const opening = this.#opening;
    this.#opening = [];
    const results = await sendBatch(this.#client, [...opening, ...statements], count);
    return results.slice(opening.length);
  }

  /** Sends the last statements and COMMIT, and gives the connection back. Throws when nothing was committed. */
  async commit(statements: readonly Statement[]): Promise<void> {
    await this.#busy;
    const hasBegun = this.#opening.length === 0;
    if (hasBegun || statements.length > 0) {
      const last = [...this.#opening, ...statements, COMMIT];
      this.#opening = [];
      const results = await sendBatch(this.#client, last, statements.length + 1);
      // PostgreSQL answers COMMIT of a transaction in which a statement failed with ROLLBACK, and with no error.
      if (results.at(-1)?.command !== 'COMMIT') throw new Error('a statement had failed, so nothing was committed');
    }
    this.#release(false);
  }

  /** Ends a transaction that changed nothing, without waiting for it, and gives the connection back then. */
  end(): void {
    if (this.#opening.length > 0) return this.#release(false);
    if (this.#busy !== null) return void this.#busy.then(() => this.end());
    sendBatch(this.#client, [COMMIT], 1).then(
      () => this.#release(false),
      () => this.#release(true),
    );
  }

  /** Undoes everything that is not committed; the connection is dropped when that fails. */
  async rollBack(): Promise<void> {
    if (this.#isReleased) return;
    await this.#busy;
    let isBroken = false;
    try {
      if (this.#opening.length === 0) await this.#client.query('rollback');
    } catch {
      isBroken = true;
    }
    this.#release(isBroken);
  }

  #release(isBroken: boolean): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#client.release(isBroken);
  }
}

function isolationStatement(isolation: Isolation): Statement[] {
  if (isolation === 'system') return [];
  const text = `select set_config('app.organization_ids', $1, true)`;
  return [{ name: 'kernel.isolate', text, values: [isolation.join(',')] }];
}
