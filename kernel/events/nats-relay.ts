import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection, connect } from '@nats-io/transport-node';
import type { Database } from '../database/database.js';
import type { Job } from '../jobs/job.js';
import type { Logger } from '../telemetry/logger.js';
import type { EventFeed, LoggedEvent } from './event-feed.js';

const STREAM = 'CONTROL_PLANE_EVENTS';
const CONSUMER = 'kernel.nats_relay';
const PAGE = 256;

/**
 * Publishes the event log to NATS JetStream, for readers past this machine: subject `events.<type>`, message id the
 * position, so that a repeated publish is dropped by the server. The database stays the truth; the relay only follows.
 */
export class NatsRelay {
  readonly #connection: NatsConnection;
  readonly #stream: JetStreamClient;
  readonly #database: Database;
  readonly #feed: EventFeed;

  private constructor(connection: NatsConnection, database: Database, feed: EventFeed) {
    this.#connection = connection;
    this.#stream = jetstream(connection);
    this.#database = database;
    this.#feed = feed;
  }

  static async connect(options: {
    url: string;
    retentionSeconds: number;
    database: Database;
    feed: EventFeed;
    logger: Logger;
  }): Promise<NatsRelay> {
    const connection = await connect({ servers: options.url, name: 'control-plane-relay', maxReconnectAttempts: -1 });
    const manager = await jetstreamManager(connection);
    const retention = { max_age: options.retentionSeconds * 1_000_000_000, duplicate_window: 120 * 1_000_000_000 };
    const streams = await manager.streams.list().next();
    if (streams.some((stream) => stream.config.name === STREAM)) await manager.streams.update(STREAM, retention);
    else await manager.streams.add({ name: STREAM, subjects: ['events.>'], ...retention });
    options.logger.info({ url: connection.getServer() }, 'the event log is relayed to NATS');
    return new NatsRelay(connection, options.database, options.feed);
  }

  job(): Job {
    return { name: 'kernel.relay_nats', everyMilliseconds: 100, run: () => this.#relayPage() };
  }

  async #relayPage(): Promise<boolean> {
    const position = await this.#position();
    const { events } = await this.#feed.readAfter(position, {}, PAGE);
    const last = events.at(-1);
    if (last === undefined) return false;
    await Promise.all(events.map((entry) => this.#publish(entry)));
    await this.#database.transaction('system', (tx) =>
      tx.execute('update kernel.consumer_positions set position = $2 where consumer = $1 and position < $2', [
        CONSUMER,
        last.position,
      ]),
    );
    return events.length === PAGE;
  }

  async #publish({ position, event }: LoggedEvent): Promise<void> {
    await this.#stream.publish(`events.${event.type}`, JSON.stringify(event), { msgID: position.toString() });
  }

  async #position(): Promise<bigint> {
    const row = await this.#database.transaction('system', (tx) =>
      tx.row<{ position: bigint }>(
        `insert into kernel.consumer_positions as c (consumer, position) values ($1, $2)
         on conflict (consumer) do update set consumer = excluded.consumer returning position`,
        [CONSUMER, this.#feed.firstKept - 1n],
      ),
    );
    return row?.position ?? 0n;
  }

  async close(): Promise<void> {
    await this.#connection.drain();
  }
}
