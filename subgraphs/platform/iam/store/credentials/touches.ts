import type { Database } from '../../../../../kernel/database/database.js';
import type { Logger } from '../../../../../kernel/telemetry/logger.js';

const FLUSH_MILLISECONDS = 15_000;
/** A credential in constant use is written at most this often. */
const REPEAT_MILLISECONDS = 60_000;
const PENDING_MAXIMUM = 5000;

type TouchTable = 'api_keys' | 'service_account_keys';

/**
 * Writes down when keys were used last: gathered in memory and written together, off the path of requests, at most once
 * a minute for each. What a crash loses is a minute of a hint.
 */
export class Touches {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #pending: Record<TouchTable, Map<string, Date>> = { api_keys: new Map(), service_account_keys: new Map() };
  readonly #written = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  touch(table: TouchTable, id: string): void {
    const now = Date.now();
    if (now - (this.#written.get(id) ?? 0) < REPEAT_MILLISECONDS) return;
    const pending = this.#pending[table];
    if (pending.size < PENDING_MAXIMUM) pending.set(id, new Date(now));
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush(), FLUSH_MILLISECONDS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async flush(): Promise<void> {
    for (const table of ['api_keys', 'service_account_keys'] as const) {
      const entries = [...this.#pending[table]].sort(([left], [right]) => (left < right ? -1 : 1));
      this.#pending[table].clear();
      if (entries.length === 0) continue;
      try {
        // In order of id, so that two processes that write the same keys wait for each other instead of deadlocking.
        await this.#database.transaction('system', (tx) =>
          tx.execute(
            `update iam.${table} k set last_used_at = greatest(k.last_used_at, u.at)
             from unnest($1::text[], $2::timestamptz[]) as u (id, at) where k.id = u.id`,
            [entries.map(([id]) => id), entries.map(([, at]) => at)],
          ),
        );
        if (this.#written.size > PENDING_MAXIMUM * 2) this.#written.clear();
        for (const [id, at] of entries) this.#written.set(id, at.getTime());
      } catch (error) {
        this.#logger.debug({ err: error, table }, 'the last use of keys was not written');
      }
    }
  }
}
