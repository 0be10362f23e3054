import type { Worker } from 'node:worker_threads';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { CompositionError } from '../../supergraph.js';
import { startPlannerWorker } from './planner-worker-thread.js';
import type { PlanRoot } from './graph-planner.js';
import type { ReadGraph } from './graph-schemas.js';
import type {
  PlanningAnswer,
  PlanningFailure,
  PlanningTask,
  PlanningTaskKind,
  PlanningTasks,
} from './planning-task.js';

export interface PlanningThreadOptions {
  /** Tasks that may wait; the next is refused with `UNAVAILABLE`. */
  readonly queueMax?: number;
  /** How long the thread may take for one plan, until it is ended and the plan refused with `TIMEOUT`. */
  readonly planSecondsMax?: number;
  /** The same for composing, or for checking and loading a supergraph. */
  readonly loadSecondsMax?: number;
  /** The thread is ended when nothing was asked of it for so long. */
  readonly idleSecondsMax?: number;
  /** Starts a worker that answers tasks; for tests. */
  readonly startWorker?: () => Worker;
}

interface Job {
  readonly task: PlanningTask;
  readonly weight: number;
  readonly secondsMax: number;
  readonly settle: (answer: Exclude<PlanningAnswer, { kind: 'ready' }> | PlatformError) => void;
  isRetried: boolean;
}

interface Running {
  readonly job: Job;
  readonly deadline: NodeJS.Timeout;
}

const DEFAULTS = { queueMax: 64, planSecondsMax: 5, loadSecondsMax: 30, idleSecondsMax: 60 };
const START_SECONDS_MAX = 30;

/** The thread answered that it does not keep the graph (any more). */
class GraphUnknownError extends Error {}

/**
 * A thread of its own for what would hold up the event loop: planning large operations, composing and reading
 * supergraphs. It exists only while it is needed. One task runs at a time, the lightest waiting one next.
 */
export class PlanningThread {
  readonly #options: Required<Omit<PlanningThreadOptions, 'startWorker'>>;
  readonly #startWorker: () => Worker;
  readonly #waiting: Job[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  #running: Running | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ startWorker = startPlannerWorker, ...options }: PlanningThreadOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#startWorker = startWorker;
  }

  /** Whether the thread exists at this moment. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Composes off the event loop. Throws {@link CompositionError}. */
  async compose(subgraphs: PlanningTasks['compose']['input']['subgraphs']): Promise<string> {
    return this.#ask({ kind: 'compose', subgraphs }, 0, this.#options.loadSecondsMax);
  }

  /** Checks a supergraph off the event loop, and keeps it for plans. Throws if it is none. */
  async load(graph: number, supergraphSdl: string): Promise<ReadGraph> {
    return this.#ask({ kind: 'load', graph, supergraphSdl }, 0, this.#options.loadSecondsMax);
  }

  /**
   * Plans the one operation of a valid document. Throws `TIMEOUT` when it takes too long, `QUERY_TOO_COMPLEX` when it
   * takes too much memory, and `UNAVAILABLE` when too many wait or the thread ends again and again.
   */
  async plan(
    graph: { readonly number: number; readonly supergraphSdl: string },
    document: string,
    weight: number,
  ): Promise<{ readonly root: PlanRoot; readonly milliseconds: number }> {
    const task = { kind: 'plan', graph: graph.number, document } as const;
    try {
      return await this.#ask(task, weight, this.#options.planSecondsMax);
    } catch (error) {
      if (!(error instanceof GraphUnknownError)) throw error;
      await this.load(graph.number, graph.supergraphSdl);
      return this.#ask(task, weight, this.#options.planSecondsMax);
    }
  }

  /** Ends the thread; tasks that are not done are refused with `UNAVAILABLE`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const refused = [...(this.#running ? [this.#running.job] : []), ...this.#waiting.splice(0)];
    const worker = this.#dropWorker();
    for (const job of refused) job.settle(unavailable('The gateway is shutting down.'));
    await worker?.terminate();
  }

  async #ask<Kind extends PlanningTaskKind>(
    task: PlanningTask & { readonly kind: Kind },
    weight: number,
    secondsMax: number,
  ): Promise<PlanningTasks[Kind]['output']> {
    const { promise, resolve, reject } = Promise.withResolvers<PlanningTasks[Kind]['output']>();
    if (this.#isClosed) throw unavailable('The gateway is shutting down.');
    if (this.#waiting.length >= this.#options.queueMax) throw unavailable('Too many operations wait to be planned.');
    this.#waiting.push({
      task,
      weight,
      secondsMax,
      isRetried: false,
      settle: (answer) => {
        if (answer instanceof PlatformError) reject(answer);
        else if (answer.kind === 'failed') reject(errorOf(answer.failure));
        else resolve(answer.output);
      },
    });
    this.#proceed();
    return promise;
  }

  #proceed(): void {
    if (this.#running || this.#isClosed) return;
    clearTimeout(this.#idleTimer);
    if (this.#waiting.length === 0) {
      this.#idleTimer = setTimeout(() => void this.#dropWorker()?.terminate(), this.#options.idleSecondsMax * 1_000);
      this.#idleTimer.unref();
      return;
    }
    const worker = (this.#worker ??= this.#spawn());
    if (!this.#isReady) return;
    const job = takeLightest(this.#waiting);
    const deadline = setTimeout(() => this.#expire(job), job.secondsMax * 1_000);
    this.#running = { job, deadline };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(job.task);
  }

  #spawn(): Worker {
    const worker = this.#startWorker();
    const overdue = setTimeout(() => void worker.terminate(), START_SECONDS_MAX * 1_000).unref();
    worker.on('message', (answer: PlanningAnswer) => {
      if (worker !== this.#worker) return;
      clearTimeout(overdue);
      if (answer.kind === 'ready') this.#isReady = true;
      else this.#finish()?.settle(answer);
      this.#proceed();
    });
    let failure: NodeJS.ErrnoException | undefined;
    worker.on('error', (error) => (failure = error as NodeJS.ErrnoException));
    worker.on('exit', () => {
      clearTimeout(overdue);
      if (worker === this.#worker) this.#lose(failure);
    });
    return worker;
  }

  #finish(): Job | undefined {
    const running = this.#running;
    clearTimeout(running?.deadline);
    this.#running = undefined;
    return running?.job;
  }

  #dropWorker(): Worker | undefined {
    const worker = this.#worker;
    clearTimeout(this.#idleTimer);
    this.#finish();
    this.#worker = undefined;
    this.#isReady = false;
    return worker;
  }

  #expire(job: Job): void {
    const worker = this.#dropWorker();
    job.settle(new PlatformError('TIMEOUT', `Planning the operation took more than ${job.secondsMax} s.`));
    void worker?.terminate();
    this.#proceed();
  }

  /** The thread ended by itself: its task gets a second chance on another, unless it was the task that ended it. */
  #lose(failure: NodeJS.ErrnoException | undefined): void {
    const hadStarted = this.#isReady;
    const job = this.#running?.job;
    this.#dropWorker();
    if (!hadStarted) {
      for (const each of this.#waiting.splice(0))
        each.settle(unavailable('The planner could not be started.', failure));
    } else if (job) {
      if (failure?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
        job.settle(new PlatformError('QUERY_TOO_COMPLEX', 'Planning the operation takes too much memory.'));
      } else if (job.isRetried) {
        job.settle(unavailable('The planner ended unexpectedly.', failure));
      } else {
        job.isRetried = true;
        this.#waiting.unshift(job);
      }
    }
    this.#proceed();
  }
}

function takeLightest(waiting: Job[]): Job {
  let best = 0;
  for (const [index, { weight }] of waiting.entries()) if (weight < (waiting[best]?.weight ?? 0)) best = index;
  const [job] = waiting.splice(best, 1);
  if (!job) throw new Error('nothing waits');
  return job;
}

function unavailable(message: string, cause?: unknown): PlatformError {
  return new PlatformError('UNAVAILABLE', message, {}, { cause });
}

function errorOf({ message, code, faults, isGraphUnknown }: PlanningFailure): Error {
  if (isGraphUnknown) return new GraphUnknownError(message);
  if (code) return new PlatformError(code, message);
  return faults ? new CompositionError(faults) : new Error(message);
}
