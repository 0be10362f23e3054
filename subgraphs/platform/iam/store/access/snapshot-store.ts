import { LRUCache } from 'lru-cache';
import pg from 'pg';
import type { Database } from '../../../../../kernel/database/database.js';
import type { EventFeed } from '../../../../../kernel/events/event-feed.js';
import type { Logger } from '../../../../../kernel/telemetry/logger.js';
import type { Registry } from '../../../registry/index.js';
import { AccessSnapshot } from '../../domain/access/access-snapshot.js';
import { RoleCatalogue } from '../../domain/access/role-catalogue.js';
import { loadAccessFacts } from './load-access-facts.js';

const PLATFORM = 'platform';
const POLL_MILLISECONDS = 1000;
/** A snapshot whose revision was not confirmed for this long is loaded again before it answers. */
const BUDGET_MILLISECONDS = 5000;
const ORGANIZATIONS_MAX = 5000;
const RELOADS_MAX = 4;

interface Entry {
  snapshot: AccessSnapshot;
  /** How often we heard that there is newer access data, and how much of that the snapshot was loaded after. */
  heard: number;
  readonly included: number;
  /** When its revision was last known to be the present one, in milliseconds of the monotonic clock. */
  confirmedAt: number;
}

interface Loaded {
  readonly snapshot: AccessSnapshot;
  /** When reading began. */
  readonly readAt: number;
}

function isStale(entry: Entry): boolean {
  return entry.heard > entry.included;
}

export interface SnapshotStoreOptions {
  readonly database: Database;
  readonly feed: EventFeed;
  readonly registry: Registry;
  readonly logger: Logger;
}

/**
 * Snapshots in memory, one for each organization and one for the platform. An answer is never older than the revision
 * asked for; without one, never older than the budget. Loads have their own connections: a command that holds a pooled
 * connection waits for a load, so a load must never wait for a pooled connection.
 */
export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #pool: pg.Pool;
  readonly #entries = new LRUCache<string, Entry>({ max: ORGANIZATIONS_MAX });
  readonly #loading = new Map<string, Promise<Loaded | null>>();
  readonly #listeners = new Set<(organizationId: string | null) => void>();
  readonly #stopping = new AbortController();
  #catalogue: RoleCatalogue;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => {};
  #following: Promise<void> | undefined;
  #polling: Promise<void> | undefined;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      ...options.database.systemPool.options,
      max: 2,
      idleTimeoutMillis: 10_000,
      allowExitOnIdle: true,
    });
    this.#pool.on('error', (error) =>
      options.logger.warn({ err: error }, 'an idle connection for access data was lost'),
    );
    this.#catalogue = new RoleCatalogue(options.registry.permissions());
    this.#unsubscribe = options.registry.onChange(() => this.#changeCatalogue());
  }

  get catalogue(): RoleCatalogue {
    return this.#catalogue;
  }

  /** Loads the platform, and begins to follow changes. */
  async start(): Promise<void> {
    this.#changeCatalogue();
    await this.get(null);
    this.#timer = setInterval(() => void this.poll(), POLL_MILLISECONDS);
    this.#timer.unref();
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    this.#unsubscribe();
    await this.#following;
    await this.#polling;
    await Promise.allSettled(this.#loading.values());
    await this.#pool.end();
  }

  /** Roles and bits of all snapshots are of one catalogue: they are built again from their facts. */
  #changeCatalogue(): void {
    this.#catalogue = new RoleCatalogue(this.#options.registry.permissions());
    for (const entry of this.#entries.values())
      entry.snapshot = new AccessSnapshot(entry.snapshot.facts, this.#catalogue);
    this.#tell(null);
  }

  /** The snapshot, if it may answer now; else null and {@link get} must be awaited. */
  peek(organizationId: string | null, atLeast?: bigint): AccessSnapshot | null {
    const entry = this.#entries.get(organizationId ?? PLATFORM);
    if (entry === undefined || isStale(entry) || performance.now() - entry.confirmedAt > BUDGET_MILLISECONDS)
      return null;
    return atLeast === undefined || entry.snapshot.revision >= atLeast ? entry.snapshot : null;
  }

  /** Null when there is no such organization. Throws when access data cannot be brought up to date. */
  async get(organizationId: string | null, atLeast?: bigint): Promise<AccessSnapshot | null> {
    const askedAt = performance.now();
    for (let attempt = 0; attempt < RELOADS_MAX; attempt += 1) {
      const known = this.peek(organizationId, atLeast);
      if (known !== null) return known;
      const loaded = await this.#load(organizationId);
      if (loaded === null) return null;
      // Read after the question was asked, so not from the past, even when changes come faster than loads.
      const isOfNow = loaded.readAt >= askedAt && loaded.snapshot.revision >= (atLeast ?? 0n);
      if (isOfNow) return loaded.snapshot;
    }
    throw new Error(`access data of ${organizationId ?? PLATFORM} could not be brought up to date`);
  }

  /** One load at a time for each; who comes while one runs shares it, and looks again whether it was new enough. */
  async #load(organizationId: string | null): Promise<Loaded | null> {
    const key = organizationId ?? PLATFORM;
    const running = this.#loading.get(key);
    if (running !== undefined) return running;
    const load = this.#loadNow(key, organizationId).finally(() => this.#loading.delete(key));
    this.#loading.set(key, load);
    return load;
  }

  async #loadNow(key: string, organizationId: string | null): Promise<Loaded | null> {
    const readAt = performance.now();
    // What is heard while we read is not included: the entry stays stale until it is.
    const included = this.#entries.get(key)?.heard ?? 0;
    const facts = await loadAccessFacts(this.#pool, organizationId);
    if (facts === null) {
      this.#entries.delete(key);
      return null;
    }
    const snapshot = new AccessSnapshot(facts, this.#catalogue);
    const heard = this.#entries.get(key)?.heard ?? 0;
    this.#entries.set(key, { snapshot, heard, included, confirmedAt: readAt });
    return { snapshot, readAt };
  }

  /** Access changed in this process: the next answer waits for the new data. */
  noteChange(organizationId: string | null): void {
    const entry = this.#entries.get(organizationId ?? PLATFORM);
    if (entry !== undefined) entry.heard += 1;
    this.#tell(organizationId);
  }

  onChange(listener: (organizationId: string | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(organizationId: string | null): void {
    for (const listener of this.#listeners) listener(organizationId);
  }

  /** Compares revisions of what is loaded with the present ones. Failing leaves snapshots to run out of their budget. */
  async poll(): Promise<void> {
    this.#polling ??= this.#pollNow()
      .catch((error: unknown) =>
        this.#options.logger.warn({ err: error }, 'revisions of access data could not be read'),
      )
      .finally(() => {
        this.#polling = undefined;
      });
    return this.#polling;
  }

  async #pollNow(): Promise<void> {
    const startedAt = performance.now();
    const keys = [...this.#entries.keys()];
    if (keys.length === 0 || this.#stopping.signal.aborted) return;
    const { rows } = await this.#pool.query<{ scope_id: string; revision: bigint }>(
      'select scope_id, revision from iam.access_revisions where scope_id = any ($1)',
      [keys],
    );
    for (const { scope_id: key, revision } of rows) {
      const entry = this.#entries.peek(key);
      if (entry === undefined) continue;
      if (entry.snapshot.revision >= revision) {
        entry.confirmedAt = Math.max(entry.confirmedAt, startedAt);
        continue;
      }
      const isNews = !isStale(entry);
      entry.heard += 1;
      if (isNews) this.#tell(key === PLATFORM ? null : key);
    }
  }

  /** Events are only a hint to look: revisions tell. */
  async #follow(): Promise<void> {
    const { feed } = this.#options;
    let position = feed.head;
    while (!this.#stopping.signal.aborted && !feed.isClosed) {
      await feed.waitBeyond(position, this.#stopping.signal);
      const { events, through } = await feed
        .readAfter(position, { types: ['iam.'] }, 256)
        .catch(() => ({ events: [], through: position }));
      position = events.length > 0 ? (events.at(-1)?.position ?? through) : through;
      if (events.length > 0) await this.poll();
    }
  }
}
