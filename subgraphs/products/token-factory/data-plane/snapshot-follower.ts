import type { Kernel } from '../../../../kernel/kernel.js';
import type { Secrets } from '../../../platform/iam/index.js';
import type { ModelSnapshot } from './model-snapshot.js';
import { loadSnapshot } from './snapshot-loader.js';

/** How often the revision is asked for when no event wakes us: with the load itself, well below the bound of one second. */
const POLL_MILLISECONDS = 400;
const WAKE_MILLISECONDS_MIN = 20;
const LOOK_MILLISECONDS_MIN = 100;
/** Older than this, the snapshot is not answered from: routes and limits may have changed without our knowing. */
const FRESHNESS_MILLISECONDS = 5000;

/**
 * Keeps the snapshot of routes, endpoints and policies in memory. A change reaches it within one second of its commit:
 * events are the hint, polling a revision that triggers raise is the backstop. When the database cannot be asked for five
 * seconds, {@link current} answers null and the data plane refuses: it fails closed.
 */
export class SnapshotFollower {
  readonly #kernel: Kernel;
  readonly #secrets: Secrets;
  readonly #opened = new Map<string, string>();
  readonly #stopping = new AbortController();
  #snapshot: ModelSnapshot | null = null;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #look: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: { kernel: Kernel; secrets: Secrets }) {
    this.#kernel = deps.kernel;
    this.#secrets = deps.secrets;
  }

  current(): ModelSnapshot | null {
    return performance.now() - this.#checkedAt > FRESHNESS_MILLISECONDS ? null : this.#snapshot;
  }

  async start(): Promise<void> {
    await this.refresh();
    this.#running = this.#follow();
  }

  /** Loads a new snapshot if the revision rose. */
  async refresh(): Promise<void> {
    const askedAt = performance.now();
    await this.#kernel.database.read('system', async (tx) => {
      const row = await tx.row<{ revision: bigint }>('select revision from token_factory.snapshot_revision');
      if (this.#snapshot === null || row?.revision !== this.#snapshot.revision) {
        this.#snapshot = await loadSnapshot(tx, this.#secrets, this.#opened);
      }
    });
    this.#checkedAt = askedAt;
  }

  /**
   * As {@link current}, after looking at the revision once more: a name that is not known may have been made a moment
   * ago. Callers at the same time share one look, and there are at most ten in a second.
   */
  async lookAgain(): Promise<ModelSnapshot | null> {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = undefined;
    });
    await this.#look;
    return this.current();
  }

  async #lookOnce(): Promise<void> {
    await pause(Math.max(0, this.#lookedAt + LOOK_MILLISECONDS_MIN - performance.now()), this.#stopping.signal);
    this.#lookedAt = performance.now();
    await this.refresh().catch(() => {});
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    const { feed, logger } = this.#kernel;
    while (!signal.aborted) {
      const position = feed.head;
      await pause(WAKE_MILLISECONDS_MIN, signal);
      await feed.waitBeyond(position, AbortSignal.any([signal, AbortSignal.timeout(POLL_MILLISECONDS)]));
      if (signal.aborted) return;
      await this.refresh().catch((error: unknown) =>
        logger.warn({ err: error }, 'the model snapshot could not be refreshed'),
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
