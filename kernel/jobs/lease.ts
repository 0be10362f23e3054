import { randomInt, randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Database } from '../database/database.js';

export interface Lease {
  readonly name: string;
  readonly fence: bigint;
}

/** First half of the advisory lock's key; the second is the holder's. */
const LOCK_CLASS = 1_279_607_891;

/**
 * Who holds leases: a database session with an advisory lock of its own. When the process dies, the session ends and
 * its leases are free at once; when it hangs, they are free after their time.
 */
export class LeaseHolder {
  readonly #database: Database;
  readonly #id = `${process.pid}-${randomUUID()}`;
  readonly #key = randomInt(1, 2 ** 31);
  #session: Promise<pg.Client> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** One session for all leases, also when many are asked for at once. */
  async #connect(): Promise<void> {
    this.#session ??= this.#open();
    await this.#session;
  }

  async #open(): Promise<pg.Client> {
    const { connectionString } = this.#database.systemPool.options;
    const session = new pg.Client({ connectionString, application_name: 'lease holder' });
    const forget = (): void => {
      this.#session = undefined;
    };
    session.on('error', forget);
    session.on('end', forget);
    try {
      await session.connect();
      await session.query('select pg_advisory_lock($1, $2)', [LOCK_CLASS, this.#key]);
      return session;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /**
   * Takes or renews a lease by the database's clock. Null when another holder's lease still runs. The fence rises each
   * time the holder changes; writes guarded by it cannot come from a holder that lost the lease.
   */
  async acquire(name: string, seconds: number): Promise<Lease | null> {
    await this.#connect();
    const row = await this.#database.transaction('system', (tx) =>
      tx.row<{ fence: bigint }>(
        `insert into kernel.leases as l (name, holder, session_key, expires_at)
         values ($1, $2, $3, now() + make_interval(secs => $4))
         on conflict (name) do update
           set fence = l.fence + (case when l.holder = excluded.holder then 0 else 1 end),
               holder = excluded.holder, session_key = excluded.session_key, expires_at = excluded.expires_at
           where l.holder = excluded.holder or l.expires_at < now() or not exists (
             select from pg_locks k where k.locktype = 'advisory' and k.classid = ${LOCK_CLASS}
               and k.objid = l.session_key::oid and k.granted)
         returning fence`,
        [name, this.#id, this.#key, seconds],
      ),
    );
    return row === null ? null : { name, fence: row.fence };
  }

  /** Gives all leases back. */
  async close(): Promise<void> {
    await this.#database
      .transaction('system', (tx) =>
        tx.execute('update kernel.leases set expires_at = now() where holder = $1', [this.#id]),
      )
      .catch(() => {});
    await (await this.#session?.catch(() => undefined))?.end();
  }
}
