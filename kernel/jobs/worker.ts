import type { Database } from '../database/database.js';
import { type EventFeed, type LoggedEvent, matches } from '../events/event-feed.js';
import type { Logger } from '../telemetry/logger.js';
import type { Consumer, Job } from './job.js';
import { LeaseHolder } from './lease.js';

const LEASE_SECONDS = 15;
const STANDBY_MILLISECONDS = 2000;
const CONSUMER_PAGE = 100;
const CONSUMER_ATTEMPTS = 8;
const CONSUMER_POLL_MILLISECONDS = 1000;

export interface WorkerOptions {
  readonly database: Database;
  readonly feed: EventFeed;
  readonly logger: Logger;
}

/** Runs jobs and consumers, each under its lease, so that any number of workers may run. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #holder: LeaseHolder;
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #leased = new Map<string, number>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#holder = new LeaseHolder(options.database);
  }

  start(jobs: readonly Job[], consumers: readonly Consumer[]): void {
    for (const job of jobs) this.#loops.push(this.#loop(job));
    for (const consumer of consumers) {
      this.#loops.push(
        this.#loop({
          name: `consumer.${consumer.name}`,
          everyMilliseconds: CONSUMER_POLL_MILLISECONDS,
          wakeOn: consumer.types,
          run: () => this.#consume(consumer),
        }),
      );
    }
  }

  async #loop(job: Job): Promise<void> {
    const { signal } = this.#stopping;
    const { logger, feed } = this.#options;
    let failures = 0;
    let position = feed.head;
    while (!signal.aborted) {
      try {
        position = feed.head;
        const isHolder = await this.#holds(job.name);
        const hasMore = isHolder && (await job.run(signal));
        failures = 0;
        if (hasMore) continue;
        if (!isHolder) {
          await this.#rest([], position, STANDBY_MILLISECONDS);
          continue;
        }
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        logger.error({ err: error, job: job.name, failures }, 'a background job failed and will be run again');
      }
      const pause = Math.min(
        job.everyMilliseconds * 2 ** Math.min(failures, 5),
        Math.max(30_000, job.everyMilliseconds),
      );
      await this.#rest(failures > 0 ? [] : (job.wakeOn ?? []), position, pause);
    }
  }

  /** True when this worker holds the job's lease; renews it when half of it has passed. */
  async #holds(name: string): Promise<boolean> {
    const until = this.#leased.get(name) ?? 0;
    if (until - Date.now() > (LEASE_SECONDS * 1000) / 2) return true;
    const lease = await this.#holder.acquire(name, LEASE_SECONDS);
    if (lease === null) {
      this.#leased.delete(name);
      return false;
    }
    this.#leased.set(name, Date.now() + LEASE_SECONDS * 1000);
    return true;
  }

  /** Sleeps until the pause is over or an event of one of the types comes by. */
  async #rest(types: readonly string[], from: bigint, milliseconds: number): Promise<void> {
    const timer = AbortSignal.timeout(milliseconds);
    const signal = AbortSignal.any([timer, this.#stopping.signal]);
    if (types.length === 0) return aborted(signal);
    const { feed } = this.#options;
    let position = from;
    while (!signal.aborted && !feed.isClosed) {
      const { events, through } = await feed.readAfter(position, { types }, 1);
      if (events.length > 0) return;
      position = through;
      await feed.waitBeyond(position, signal);
    }
  }

  async #consume(consumer: Consumer): Promise<boolean> {
    const { database, feed } = this.#options;
    const position = await this.#position(consumer);
    const { events, through } = await feed.readAfter(position, { types: consumer.types }, CONSUMER_PAGE);
    for (const entry of events) if (!(await this.#handle(consumer, entry))) return false;
    if (events.length === 0 && through > position) {
      await database.transaction('system', (tx) =>
        tx.execute('update kernel.consumer_positions set position = $2 where consumer = $1 and position < $2', [
          consumer.name,
          through,
        ]),
      );
    }
    return events.length === CONSUMER_PAGE;
  }

  async #position(consumer: Consumer): Promise<bigint> {
    const start = consumer.startsAt === 'now' ? this.#options.feed.head : this.#options.feed.firstKept - 1n;
    const row = await this.#options.database.transaction('system', (tx) =>
      tx.row<{ position: bigint }>(
        `insert into kernel.consumer_positions as c (consumer, position) values ($1, $2)
         on conflict (consumer) do update set consumer = excluded.consumer returning position`,
        [consumer.name, start],
      ),
    );
    return row?.position ?? start;
  }

  /** False when the event failed and must be tried again later; after too many attempts it goes to the dead letters. */
  async #handle(consumer: Consumer, entry: LoggedEvent): Promise<boolean> {
    if (!matches({ types: consumer.types }, entry.event)) return true;
    const { database, logger } = this.#options;
    try {
      await database.transaction('system', async (tx) => {
        const moved = await tx.execute(
          `update kernel.consumer_positions set position = $2, attempts = 0, failing_since = null, last_error = null
           where consumer = $1 and position < $2`,
          [consumer.name, entry.position],
        );
        if (moved === 1) await consumer.handle(tx, entry);
      });
      return true;
    } catch (error) {
      const attempts = await this.#recordFailure(consumer.name, error);
      logger.error(
        { err: error, consumer: consumer.name, event: entry.event.id, attempts },
        'an event could not be handled',
      );
      if (attempts < CONSUMER_ATTEMPTS) throw error;
      await this.#bury(consumer.name, entry, error);
      return true;
    }
  }

  async #recordFailure(consumer: string, error: unknown): Promise<number> {
    const row = await this.#options.database.transaction('system', (tx) =>
      tx.row<{ attempts: number }>(
        `update kernel.consumer_positions set attempts = attempts + 1, last_error = $2, failing_since = coalesce(failing_since, now())
         where consumer = $1 returning attempts`,
        [consumer, String(error).slice(0, 2000)],
      ),
    );
    return row?.attempts ?? 1;
  }

  async #bury(consumer: string, entry: LoggedEvent, error: unknown): Promise<void> {
    await this.#options.database.transaction('system', async (tx) => {
      await tx.execute(
        `insert into kernel.dead_letters (consumer, position, event_id, error) values ($1, $2, $3, $4) on conflict do nothing`,
        [consumer, entry.position, entry.event.id, String(error).slice(0, 2000)],
      );
      await tx.execute('update kernel.consumer_positions set position = $2, attempts = 0 where consumer = $1', [
        consumer,
        entry.position,
      ]);
    });
  }

  /** Stops after the steps under way and gives the leases back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#loops);
    await this.#holder.close();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
