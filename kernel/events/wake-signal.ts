import pg from 'pg';
import type { Logger } from '../telemetry/logger.js';

/**
 * Wakes sleepers of one channel: inside the process at once, in other processes by NOTIFY. NOTIFY is sent outside of
 * transactions and at most every few milliseconds, because a NOTIFY inside a transaction serialises all commits.
 * A lost signal costs latency only: every sleeper also polls.
 */
export class WakeSignal {
  readonly #channel: string;
  readonly #pool: pg.Pool;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  #listener: pg.Client | undefined;
  #pending: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(channel: string, pool: pg.Pool, logger: Logger) {
    this.#channel = channel;
    this.#pool = pool;
    this.#logger = logger;
  }

  onWake(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Wakes this process now and the others within some milliseconds. */
  wake(): void {
    this.#wakeHere();
    if (this.#pending !== undefined || this.#isClosed) return;
    this.#pending = setTimeout(() => {
      this.#pending = undefined;
      this.#pool.query('select pg_notify($1, $2)', [this.#channel, String(process.pid)]).catch((error: unknown) => {
        this.#logger.debug({ err: error, channel: this.#channel }, 'a wake-up hint was not sent');
      });
    }, 5);
  }

  #wakeHere(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Begins to hear other processes; reconnects by itself. */
  async listen(): Promise<void> {
    if (this.#isClosed) return;
    const options = this.#pool.options;
    const client = new pg.Client({
      connectionString: options.connectionString,
      application_name: `listen ${this.#channel}`,
    });
    client.on('notification', () => this.#wakeHere());
    client.on('error', () => {});
    client.on('end', () => {
      this.#listener = undefined;
      if (!this.#isClosed) setTimeout(() => void this.listen(), 500).unref();
    });
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(this.#channel)}`);
      this.#listener = client;
      if (this.#isClosed) await client.end();
    } catch (error) {
      this.#logger.debug({ err: error, channel: this.#channel }, 'cannot listen for wake-ups yet');
      await client.end().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pending);
    await this.#listener?.end();
  }
}
