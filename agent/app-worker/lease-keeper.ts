import type { Claim, Lease } from './work-types.js';
import { LeaseLost, type WorkerClient } from './worker-client.js';

/** Why work under a lease has to stop. */
export class WorkStopped extends Error {
  readonly why: 'CANCEL' | 'SUPERSEDED' | 'LOST' | 'STOPPING';

  constructor(why: WorkStopped['why']) {
    super(`the work has to stop: ${why}`);
    this.name = 'WorkStopped';
    this.why = why;
  }
}

/**
 * Renews a lease and aborts the work when it has to stop. Counts the lease's time by its own monotonic clock from before the
 * renewal was sent, so a worker that was paused, or cannot reach the platform, knows by itself that the lease may be gone.
 */
export class LeaseKeeper {
  readonly claim: Claim;
  readonly #client: WorkerClient;
  readonly #lease: Lease;
  readonly #stop = new AbortController();
  #validUntil: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(client: WorkerClient, lease: Lease, leasedAt: number) {
    this.#client = client;
    this.#lease = lease;
    this.claim = { workItemId: lease.workItem.id, leaseId: lease.leaseId, fence: lease.fence };
    this.#validUntil = leasedAt + lease.leaseSeconds * 1000;
    this.#schedule();
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** To be called before each act: throws when the lease may be gone. */
  check(): void {
    if (performance.now() >= this.#validUntil) this.stop('LOST');
    this.#stop.signal.throwIfAborted();
  }

  stop(why: WorkStopped['why']): void {
    this.#stop.abort(new WorkStopped(why));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#renew(), this.#lease.heartbeatSeconds * 1000);
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const answer = await this.#client.heartbeat(this.claim);
      if (answer === 'OK') this.#validUntil = sentAt + this.#lease.leaseSeconds * 1000;
      else this.stop(answer);
    } catch (error) {
      // Not reached: the lease runs on until its time is over.
      if (error instanceof LeaseLost || performance.now() >= this.#validUntil) this.stop('LOST');
    }
    if (!this.#isClosed && !this.#stop.signal.aborted) this.#schedule();
  }
}
