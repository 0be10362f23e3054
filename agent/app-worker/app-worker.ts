import { carryOut } from './carry-out.js';
import { GraphQLWorkerClient } from './graphql-worker-client.js';
import { LeaseKeeper, WorkStopped } from './lease-keeper.js';
import { SILENT, type WorkerLogger } from './logger.js';
import { type Runtime, RuntimeFailure } from './runtime.js';
import type { FailureClass, Lease } from './work-types.js';
import { LeaseLost, type WorkerClient } from './worker-client.js';

export interface AppWorkerOptions {
  /** Of the graph, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** Of the OAuth token endpoint. */
  readonly tokenUrl: string;
  /** A service account of the project with the role `app_worker`. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly appSlugs: readonly string[];
  readonly projectId: string;
  readonly runtime: Runtime;
  readonly logger?: WorkerLogger;
  /** Work items carried out at the same time. */
  readonly concurrency?: number;
  /** How long one poll waits, in milliseconds, at most 20000. */
  readonly waitMs?: number;
  /** Takes the place of GraphQL over HTTP. */
  readonly client?: WorkerClient;
}

export interface AppWorker {
  /** Takes no more work, gives back what it holds, and resolves when nothing of it runs. Workloads go on. */
  stop(): Promise<void>;
}

const BACKOFF_MILLISECONDS = { least: 250, most: 10_000 };

/** Starts a worker. It keeps no state of its own: after a crash another takes over where the platform says. */
export function startAppWorker(options: AppWorkerOptions): AppWorker {
  const worker = new Worker(options);
  const running = worker.run();
  return {
    async stop() {
      worker.stop();
      await running;
    },
  };
}

class Worker {
  readonly #options: AppWorkerOptions;
  readonly #client: WorkerClient;
  readonly #logger: WorkerLogger;
  readonly #stopping = new AbortController();
  readonly #sessions = new Map<LeaseKeeper, Promise<void>>();

  constructor(options: AppWorkerOptions) {
    this.#options = options;
    this.#client = options.client ?? new GraphQLWorkerClient(options);
    this.#logger = options.logger ?? SILENT;
  }

  stop(): void {
    this.#stopping.abort();
    for (const keeper of this.#sessions.keys()) keeper.stop('STOPPING');
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    let isRestored = false;
    while (!signal.aborted) {
      try {
        isRestored ||= await this.#restore();
        await this.#takeOne();
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        this.#logger.warn({ err: error, failures }, 'the platform could not be asked for work');
        await rest(backoff(failures), signal);
      }
    }
    await Promise.allSettled(this.#sessions.values());
  }

  async #restore(): Promise<boolean> {
    const { runtime, projectId, appSlugs } = this.#options;
    if (runtime.restore !== undefined)
      await runtime.restore(await this.#client.runningInstances({ projectId, appSlugs }));
    return true;
  }

  async #takeOne(): Promise<void> {
    const { projectId, appSlugs, concurrency = 4, waitMs = 20_000 } = this.#options;
    if (this.#sessions.size >= concurrency) {
      await Promise.race(this.#sessions.values());
      return;
    }
    const askedAt = performance.now();
    const lease = await this.#client.lease({ projectId, appSlugs, waitMs }, this.#stopping.signal);
    if (lease === null) return;
    // The lease began at some time while we waited; counted from its arrival less a margin for the way back.
    const leasedAt = Math.max(askedAt, performance.now() - 1000);
    const keeper = new LeaseKeeper(this.#client, lease, leasedAt);
    this.#sessions.set(
      keeper,
      this.#work(lease, keeper).finally(() => {
        keeper.close();
        this.#sessions.delete(keeper);
      }),
    );
    if (this.#stopping.signal.aborted) keeper.stop('STOPPING');
  }

  async #work(lease: Lease, keeper: LeaseKeeper): Promise<void> {
    const { workItem } = lease;
    const facts = {
      workItem: workItem.id,
      kind: workItem.kind,
      instance: workItem.instance?.id,
      attempt: workItem.attempt,
    };
    let hasTouched = false;
    try {
      const last = await carryOut(workItem, this.#options.runtime, {
        signal: keeper.signal,
        touch: () => {
          keeper.check();
          hasTouched = true;
        },
        tell: async (report) => {
          keeper.check();
          await this.#client.report(keeper.claim, report);
        },
      });
      keeper.check();
      await this.#again(() => this.#client.complete(keeper.claim, last), keeper);
      this.#logger.info(facts, 'work is done');
    } catch (error) {
      await this.#giveUp(error, { keeper, hasTouched, facts });
    }
  }

  async #giveUp(error: unknown, session: { keeper: LeaseKeeper; hasTouched: boolean; facts: object }): Promise<void> {
    const { keeper, hasTouched, facts } = session;
    const reason: unknown = keeper.signal.aborted ? keeper.signal.reason : error;
    if (error instanceof LeaseLost || (reason instanceof WorkStopped && reason.why === 'LOST')) {
      this.#logger.warn(facts, 'the lease was lost; nothing more is written');
      return;
    }
    try {
      if (reason instanceof WorkStopped) {
        this.#logger.info({ ...facts, why: reason.why }, 'work is given back');
        await this.#client.release(keeper.claim, hasTouched);
        return;
      }
      const failureClass = classify(error, hasTouched);
      this.#logger.error({ ...facts, err: error, failureClass }, 'work failed');
      await this.#client.fail(keeper.claim, { failureClass, message: messageOf(error) });
    } catch (unsaid) {
      // The platform takes the lease back by itself, and the next attempt looks first.
      this.#logger.warn({ ...facts, err: unsaid }, 'the platform could not be told; the lease will lapse');
    }
  }

  /** Completing again is harmless: the platform answers the accepted outcome the same. */
  async #again(act: () => Promise<void>, keeper: LeaseKeeper, attempts = 3): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await act();
        return;
      } catch (error) {
        if (attempt >= attempts || !isTransport(error)) throw error;
        await rest(backoff(attempt), keeper.signal);
        keeper.check();
      }
    }
  }
}

function classify(error: unknown, hasTouched: boolean): FailureClass {
  if (error instanceof RuntimeFailure) return error.failureClass;
  return hasTouched ? 'UNCERTAIN' : 'RETRYABLE';
}

function isTransport(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError');
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500) || 'failed without a word';
}

function backoff(failures: number): number {
  const { least, most } = BACKOFF_MILLISECONDS;
  return Math.min(most, least * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
