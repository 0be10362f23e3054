import type { Database } from '../../../../kernel/database/database.js';
import type { Logger } from '../../../../kernel/telemetry/logger.js';
import type { TaskSigner } from '../signing/task-signer.js';
import type { HeartbeatBuffer } from '../store/heartbeat-store.js';

const LOOK_MILLISECONDS = 500;

/**
 * Nodes that wait for tasks. Woken at once by a commit in this process; for those of other processes one statement looks
 * twice a second for all who wait here, however many they are. An open poll is a sign of life.
 */
export class TaskWaiting {
  readonly #database: Database;
  readonly #signer: TaskSigner;
  readonly #heartbeats: HeartbeatBuffer;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Set<() => void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { database: Database; signer: TaskSigner; heartbeats: HeartbeatBuffer; logger: Logger }) {
    this.#database = options.database;
    this.#signer = options.signer;
    this.#heartbeats = options.heartbeats;
    this.#logger = options.logger;
  }

  /** Resolves when there may be a task for the node, when the time is over, or on abort. */
  async wait(nodeId: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => done(), milliseconds);
      const unsubscribe = this.#signer.onAnnouncement(nodeId, () => done());
      const wakers = this.#waiting.get(nodeId) ?? new Set();
      const done = (): void => {
        clearTimeout(timer);
        unsubscribe();
        wakers.delete(done);
        if (wakers.size === 0) this.#waiting.delete(nodeId);
        signal.removeEventListener('abort', done);
        resolve();
      };
      wakers.add(done);
      this.#waiting.set(nodeId, wakers);
      signal.addEventListener('abort', done, { once: true });
      this.#timer ??= setInterval(() => void this.#look(), LOOK_MILLISECONDS).unref();
    });
  }

  async #look(): Promise<void> {
    const nodeIds = [...this.#waiting.keys()];
    if (nodeIds.length === 0) return this.close();
    for (const nodeId of nodeIds) this.#heartbeats.polled(nodeId);
    try {
      const rows = await this.#database.read('system', (tx) =>
        tx.prepared<{ node_id: string }>(
          'allocations.tasks.look',
          `select distinct node_id from allocations.node_tasks
           where status = 'queued' and node_id = any ($1) and expires_at > now()`,
          [nodeIds],
        ),
      );
      for (const row of rows) for (const wake of this.#waiting.get(row.node_id) ?? []) wake();
    } catch (error) {
      this.#logger.warn({ err: error }, 'could not look for node tasks');
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
