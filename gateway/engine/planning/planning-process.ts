import type { ChildProcess } from 'node:child_process';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { CompositionError } from '../../supergraph.js';
import { startPlanner } from './start-planner.js';
import type { PlanRoot } from './graph-planner.js';
import type { ReadGraph } from './graph-schemas.js';
import type {
  PlanningAnswer,
  PlanningFailure,
  PlanningTask,
  PlanningTaskKind,
  PlanningTasks,
} from './planning-task.js';

export interface PlanningProcessOptions {
  /** Tasks that may wait; the next is refused with `UNAVAILABLE`. */
  readonly queueMax?: number;
  /** How long the planning process may take for one plan, until it is ended and the plan refused with `TIMEOUT`. */
  readonly planSecondsMax?: number;
  /** The same for composing, or for checking and loading a supergraph. */
  readonly loadSecondsMax?: number;
  /** The planning process is ended when nothing was asked of it for so long. */
  readonly idleSecondsMax?: number;
  /** Starts a process that answers tasks; for tests. */
  readonly start?: () => ChildProcess;
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

/** The planning process answered that it does not keep the graph (any more). */
class GraphUnknownError extends Error {}

/**
 * A process of its own for what would hold up the event loop: planning large operations, composing and reading
 * supergraphs. It exists only while it is needed. One task runs at a time, the lightest waiting one next.
 */
export class PlanningProcess {
  readonly #options: Required<Omit<PlanningProcessOptions, 'start'>>;
  readonly #start: () => ChildProcess;
  readonly #waiting: Job[] = [];
  #child: ChildProcess | undefined;
  #isReady = false;
  #running: Running | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ start = startPlanner, ...options }: PlanningProcessOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#start = start;
  }

  /** Whether the planning process exists at this moment. */
  get isRunning(): boolean {
    return this.#child !== undefined;
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
   * takes too much memory, and `UNAVAILABLE` when too many wait or the planning process ends again and again.
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

  /** Ends the planning process; tasks that are not done are refused with `UNAVAILABLE`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const refused = [...(this.#running ? [this.#running.job] : []), ...this.#waiting.splice(0)];
    const child = this.#dropChild();
    for (const job of refused) job.settle(unavailable('The gateway is shutting down.'));
    await kill(child);
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
    this.#keepsAlive(this.#waiting.length > 0);
    if (this.#waiting.length === 0) {
      this.#idleTimer = setTimeout(() => void kill(this.#dropChild()), this.#options.idleSecondsMax * 1_000);
      this.#idleTimer.unref();
      return;
    }
    const child = (this.#child ??= this.#spawn());
    if (!this.#isReady) return;
    const job = takeLightest(this.#waiting);
    const deadline = setTimeout(() => this.#expire(job), job.secondsMax * 1_000);
    this.#running = { job, deadline };
    child.send(job.task);
  }

  #spawn(): ChildProcess {
    const child = this.#start();
    const overdue = setTimeout(() => void kill(child), START_SECONDS_MAX * 1_000).unref();
    child.on('message', (message) => {
      const answer = message as PlanningAnswer;
      if (child !== this.#child) return;
      clearTimeout(overdue);
      if (answer.kind === 'ready') this.#isReady = true;
      else this.#finish()?.settle(answer);
      this.#proceed();
    });
    // That it could not be started or reached shows in its exit, or in no answer.
    child.on('error', () => void kill(child));
    child.on('exit', (_code, signal) => {
      clearTimeout(overdue);
      if (child === this.#child) this.#lose(signal);
    });
    return child;
  }

  /** Whoever waits for a task keeps this process alive; the planner by itself does not. */
  #keepsAlive(isNeeded: boolean): void {
    if (isNeeded) {
      this.#child?.ref();
      this.#child?.channel?.ref();
    } else {
      this.#child?.unref();
      this.#child?.channel?.unref();
    }
  }

  #finish(): Job | undefined {
    const running = this.#running;
    clearTimeout(running?.deadline);
    this.#running = undefined;
    return running?.job;
  }

  #dropChild(): ChildProcess | undefined {
    const child = this.#child;
    clearTimeout(this.#idleTimer);
    this.#finish();
    this.#child = undefined;
    this.#isReady = false;
    return child;
  }

  #expire(job: Job): void {
    const child = this.#dropChild();
    job.settle(new PlatformError('TIMEOUT', `Planning the operation took more than ${job.secondsMax} s.`));
    void kill(child);
    this.#proceed();
  }

  /** The planning process ended by itself: its task gets a second chance on another, unless it was the task that ended it. */
  #lose(signal: NodeJS.Signals | null): void {
    const hadStarted = this.#isReady;
    const job = this.#running?.job;
    this.#dropChild();
    if (!hadStarted) {
      for (const each of this.#waiting.splice(0)) each.settle(unavailable('The planner could not be started.'));
    } else if (job) {
      if (signal === 'SIGABRT') {
        // How V8 ends a process whose heap is full.
        job.settle(new PlatformError('QUERY_TOO_COMPLEX', 'Planning the operation takes too much memory.'));
      } else if (job.isRetried) {
        job.settle(unavailable('The planner ended unexpectedly.'));
      } else {
        job.isRetried = true;
        this.#waiting.unshift(job);
      }
    }
    this.#proceed();
  }
}

/** Ends a process at once, and waits until it has ended. */
async function kill(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  if (child.kill('SIGKILL')) await exited;
}

function takeLightest(waiting: Job[]): Job {
  let best = 0;
  for (const [index, { weight }] of waiting.entries()) if (weight < (waiting[best]?.weight ?? 0)) best = index;
  const [job] = waiting.splice(best, 1);
  if (!job) throw new Error('nothing waits');
  return job;
}

function unavailable(message: string): PlatformError {
  return new PlatformError('UNAVAILABLE', message);
}

function errorOf({ message, code, faults, isGraphUnknown }: PlanningFailure): Error {
  if (isGraphUnknown) return new GraphUnknownError(message);
  if (code) return new PlatformError(code, message);
  return faults ? new CompositionError(faults) : new Error(message);
}
