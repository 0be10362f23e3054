import type { Database } from '../../../../kernel/database/database.js';
import type { EventFeed } from '../../../../kernel/events/event-feed.js';
import type { Logger } from '../../../../kernel/telemetry/logger.js';
import type { ProductState } from '../domain/product-lifecycle.js';
import { RegistrySnapshot, type SnapshotEntry } from '../domain/registry-snapshot.js';

const POLL_MILLISECONDS = 5000;

/** Keeps a snapshot of the registry in this process: reloads on the event of a change, and polls as the backstop. */
export class LiveSnapshot {
  readonly #database: Database;
  readonly #feed: EventFeed;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  #current = RegistrySnapshot.empty;
  #following: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(services: { database: Database; feed: EventFeed; logger: Logger }) {
    this.#database = services.database;
    this.#feed = services.feed;
    this.#logger = services.logger;
  }

  get current(): RegistrySnapshot {
    return this.#current;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Loads the first snapshot and begins to follow. */
  async start(): Promise<void> {
    await this.refresh();
    this.#following ??= this.#follow();
  }

  /** After it, the snapshot is at least as new as when this was called. */
  async refresh(): Promise<void> {
    // A load under way may have read before the change that this call is about: wait for it, then load again.
    await this.#refreshing?.catch(() => {});
    const loading = this.#load();
    this.#refreshing = loading;
    await loading;
  }

  async #load(): Promise<void> {
    const loaded = await this.#database.read('system', async (tx) => {
      const row = await tx.row<{ revision: bigint }>('select revision from registry.revision');
      if (row === null || row.revision === this.#current.revision) return null;
      const products = await tx.rows<{ productId: string; lifecycle: ProductState }>(
        'select product_id as "productId", lifecycle from registry.products',
      );
      const entries = await tx.rows<SnapshotEntry & Record<string, unknown>>(
        `select family, key, product_id as "productId", definition from registry.entries
         where lifecycle in ('active', 'deprecated') order by family, key, id`,
      );
      return new RegistrySnapshot(row.revision, products, entries);
    });
    if (loaded === null || loaded.revision < this.#current.revision) return;
    this.#current = loaded;
    for (const listener of this.#listeners) listener();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let position = this.#feed.head;
    while (!signal.aborted && !this.#feed.isClosed) {
      const pause = AbortSignal.any([signal, AbortSignal.timeout(POLL_MILLISECONDS)]);
      let isChanged = false;
      while (!isChanged && !pause.aborted && !this.#feed.isClosed) {
        await this.#feed.waitBeyond(position, pause);
        const { events, through } = await this.#feed
          .readAfter(position, { types: ['registry.product.'] }, 1)
          .catch(() => ({ events: [], through: position }));
        isChanged = events.length > 0;
        position = through;
      }
      if (signal.aborted || this.#feed.isClosed) return;
      await this.refresh().catch((error: unknown) =>
        this.#logger.warn({ err: error }, 'the registry snapshot was not refreshed; the last one stays'),
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }
}
