import type { Database } from '../database/database.js';
import type { CloudEvent } from './event-type.js';
import type { WakeSignal } from './wake-signal.js';

export interface LoggedEvent {
  readonly position: bigint;
  readonly event: CloudEvent;
}

export interface EventFilter {
  /** Exact types, or prefixes that end in a dot; empty means every type. */
  readonly types?: readonly string[];
  readonly subjectTypes?: readonly string[];
  readonly subjectId?: string;
  readonly organizationId?: string;
  readonly projectId?: string;
}

export function matches(filter: EventFilter, event: CloudEvent): boolean {
  if (filter.organizationId !== undefined && event.organizationid !== filter.organizationId) return false;
  if (filter.projectId !== undefined && event.projectid !== filter.projectId) return false;
  if (filter.subjectId !== undefined && event.subject !== filter.subjectId) return false;
  if (filter.subjectTypes !== undefined && !filter.subjectTypes.includes(event.subjecttype)) return false;
  const types = filter.types ?? [];
  return (
    types.length === 0 || types.some((type) => (type.endsWith('.') ? event.type.startsWith(type) : event.type === type))
  );
}

interface LogRow {
  readonly [column: string]: unknown;
  readonly position: bigint;
  readonly body: CloudEvent;
}

/** A log that can be followed: its row in `kernel.log_heads`, and a relation with the columns of the event log. */
export interface FollowedLog {
  readonly log: string;
  readonly relation: string;
}

const EVENT_LOG: FollowedLog = { log: 'events', relation: 'kernel.event_log' };
const TAIL_LENGTH = 8192;
const PAGE = 512;
const POLL_MILLISECONDS = 250;

/**
 * Follows the event log (or another one of its form) once per process, keeps its tail in memory, and wakes waiting
 * readers. Catch-up and live are the same call: {@link readAfter} a position, from memory when it is recent and from
 * the database when it is not.
 */
export class EventFeed {
  readonly #database: Database;
  readonly #signal: WakeSignal;
  readonly #log: FollowedLog;
  readonly #tail: LoggedEvent[] = [];
  #waiters = new Set<() => void>();
  #head = 0n;
  /** Everything after this position, up to the head, is in the tail. */
  #tailFloor = 0n;
  #firstKept = 1n;
  #isClosed = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(database: Database, signal: WakeSignal, log: FollowedLog = EVENT_LOG) {
    this.#database = database;
    this.#signal = signal;
    this.#log = log;
  }

  get head(): bigint {
    return this.#head;
  }

  /** The first position that retention still keeps. */
  get firstKept(): bigint {
    return this.#firstKept;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async start(): Promise<void> {
    const heads = await this.#heads();
    this.#head = heads.last_position;
    this.#tailFloor = heads.last_position;
    this.#firstKept = heads.first_kept_position;
    this.#signal.onWake(() => this.#wake());
    this.#running = this.#follow();
  }

  async #heads(): Promise<{ last_position: bigint; first_kept_position: bigint }> {
    const row = await this.#database.read('system', (tx) =>
      tx.row<{ last_position: bigint; first_kept_position: bigint }>(
        'select last_position, first_kept_position from kernel.log_heads where log = $1',
        [this.#log.log],
      ),
    );
    if (row === null) throw new Error(`kernel.log_heads has no row "${this.#log.log}"`);
    return row;
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      let isWoken = false;
      const woken = new Promise<void>((resolve) => {
        this.#wake = () => {
          isWoken = true;
          resolve();
        };
      });
      const count = await this.#pull().catch(() => 0);
      if (count === PAGE || isWoken) continue;
      await Promise.race([woken, sleep(POLL_MILLISECONDS)]);
    }
  }

  async #pull(): Promise<number> {
    const rows = await this.#database.read('system', (tx) =>
      tx.prepared<LogRow>(
        `${this.#log.relation}.follow`,
        `select position, body from ${this.#log.relation} where position > $1 order by position limit ${PAGE}`,
        [this.#head],
      ),
    );
    if (rows.length === 0) return 0;
    for (const row of rows) this.#tail.push({ position: row.position, event: row.body });
    this.#head = rows.at(-1)?.position ?? this.#head;
    if (this.#tail.length > TAIL_LENGTH * 2) {
      const dropped = this.#tail.splice(0, this.#tail.length - TAIL_LENGTH);
      this.#tailFloor = dropped.at(-1)?.position ?? this.#tailFloor;
    }
    const waiters = this.#waiters;
    // Not cleared: until the next full collection, that would keep alive all who waited, time after time.
    this.#waiters = new Set();
    for (const waiter of waiters) waiter();
    return rows.length;
  }

  /**
   * Events after a position that match, at most `limit`, and the position up to which everything was looked at: where
   * to continue even when nothing matched.
   */
  async readAfter(
    position: bigint,
    filter: EventFilter,
    limit: number,
  ): Promise<{ events: LoggedEvent[]; through: bigint }> {
    if (position >= this.#tailFloor) return this.#readTail(position, filter, limit);
    return this.#readDatabase(position, filter, limit);
  }

  #readTail(position: bigint, filter: EventFilter, limit: number): { events: LoggedEvent[]; through: bigint } {
    const events: LoggedEvent[] = [];
    // Positions have no gaps, so the index follows from the position.
    const start = Number(position - this.#tailFloor);
    for (let index = Math.max(0, start); index < this.#tail.length; index += 1) {
      const entry = this.#tail[index];
      if (entry === undefined || !matches(filter, entry.event)) continue;
      events.push(entry);
      if (events.length >= limit) return { events, through: entry.position };
    }
    return { events, through: this.#head > position ? this.#head : position };
  }

  async #readDatabase(
    position: bigint,
    filter: EventFilter,
    limit: number,
  ): Promise<{ events: LoggedEvent[]; through: bigint }> {
    const through = this.#head;
    const rows = await this.#database.read('system', (tx) =>
      tx.rows<LogRow>(
        `select position, body from ${this.#log.relation}
         where position > $1 and position <= $2
           and ($3::text is null or organization_id = $3) and ($4::text is null or project_id = $4)
           and ($5::text is null or subject_id = $5) and ($6::text[] is null or subject_type = any ($6))
           and ($7::text[] is null or type like any ($7))
         order by position limit $8`,
        [
          position,
          through,
          filter.organizationId ?? null,
          filter.projectId ?? null,
          filter.subjectId ?? null,
          filter.subjectTypes ?? null,
          likePatterns(filter.types),
          limit,
        ],
      ),
    );
    const events = rows.map((row) => ({ position: row.position, event: row.body }));
    const isFull = events.length >= limit;
    return { events, through: isFull ? (events.at(-1)?.position ?? through) : through };
  }

  /** Resolves when the head has passed the position, or on abort. Never rejects. */
  async waitBeyond(position: bigint, signal: AbortSignal): Promise<void> {
    if (this.#head > position || signal.aborted || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiters.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
    await this.#running;
  }
}

function likePatterns(types: readonly string[] | undefined): string[] | null {
  if (types === undefined || types.length === 0) return null;
  return types
    .map((type) => type.replaceAll('_', String.raw`\_`))
    .map((type) => (type.endsWith('.') ? `${type}%` : type));
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
