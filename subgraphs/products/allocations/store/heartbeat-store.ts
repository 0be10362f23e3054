import type { Database } from '../../../../kernel/database/database.js';
import type { Logger } from '../../../../kernel/telemetry/logger.js';
import type { HeartbeatRequest } from '../../../../agent/protocol/messages.js';

interface Sign {
  heardAt: Date | null;
  polledAt: Date | null;
  health: string | null;
  healthDetail: string | null;
  load: string | null;
}

const FLUSH_MILLISECONDS = 500;

/**
 * Gathers signs of life and writes them in batches to an unlogged table: a fleet's heartbeats cost one statement per half
 * second and process. What a crash loses, the next heartbeat brings again.
 */
export class HeartbeatBuffer {
  readonly #database: Database;
  readonly #logger: Logger;
  #signs = new Map<string, Sign>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  heard(nodeId: string, heartbeat: HeartbeatRequest): void {
    const { health, healthDetail, load } = heartbeat;
    Object.assign(this.#sign(nodeId), { heardAt: new Date(), health, healthDetail, load: JSON.stringify(load) });
  }

  polled(nodeId: string): void {
    this.#sign(nodeId).polledAt = new Date();
  }

  #sign(nodeId: string): Sign {
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MILLISECONDS).unref();
    const known = this.#signs.get(nodeId);
    if (known !== undefined) return known;
    const sign: Sign = { heardAt: null, polledAt: null, health: null, healthDetail: null, load: null };
    this.#signs.set(nodeId, sign);
    return sign;
  }

  /** Writes what has gathered. One write at a time; a failed one is logged and dropped. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const signs = this.#signs;
    this.#signs = new Map();
    if (signs.size === 0) return this.#flushing;
    this.#flushing = this.#flushing
      .then(() => this.#write(signs))
      .catch((error: unknown) => this.#logger.warn({ err: error }, 'heartbeats could not be written'));
    return this.#flushing;
  }

  async #write(signs: ReadonlyMap<string, Sign>): Promise<void> {
    const list = [...signs.values()];
    await this.#database.transaction('system', (tx) =>
      tx.prepared(
        'allocations.heartbeats.write',
        `insert into allocations.node_heartbeats as h (node_id, heard_at, polled_at, health, health_detail, load)
         select * from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::jsonb[])
         on conflict (node_id) do update set heard_at = coalesce(excluded.heard_at, h.heard_at),
           polled_at = coalesce(excluded.polled_at, h.polled_at), health = coalesce(excluded.health, h.health),
           health_detail = case when excluded.heard_at is null then h.health_detail else excluded.health_detail end,
           load = coalesce(excluded.load, h.load)`,
        [
          [...signs.keys()],
          list.map((sign) => sign.heardAt),
          list.map((sign) => sign.polledAt),
          list.map((sign) => sign.health),
          list.map((sign) => sign.healthDetail),
          list.map((sign) => sign.load),
        ],
      ),
    );
  }
}
