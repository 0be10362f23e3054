import type { Endpoint, FailureClass, KnownInstance, Plan } from './work-types.js';

/** What is there of an instance. */
export interface Observation {
  /** Hash of the plan that it was started from. */
  readonly planHash: string;
  readonly isRunning: boolean;
  readonly isHealthy: boolean;
  readonly endpoints: readonly Endpoint[];
}

export interface Workload {
  readonly instanceId: string;
  readonly plan: Plan;
  readonly planHash: string;
  readonly host: string | null;
}

/**
 * Where workloads run. Every call is idempotent: it may come again after a crash, from another worker, when its effect is there
 * already. A call that is aborted leaves something that {@link observe} can tell.
 */
export interface Runtime {
  /** Null when nothing of the instance is there. */
  observe(instanceId: string): Promise<Observation | null>;
  pull(workload: Workload, signal: AbortSignal): Promise<void>;
  /** Starts it, replacing what runs from another plan. */
  start(workload: Workload, signal: AbortSignal): Promise<void>;
  /** Resolves when every endpoint answers; throws {@link RuntimeFailure} when that takes longer than the plan allows. */
  waitUntilReady(workload: Workload, signal: AbortSignal): Promise<Observation>;
  stop(instanceId: string): Promise<void>;
  /** Nothing of the instance remains. */
  remove(instanceId: string): Promise<void>;
  /** Runtimes that do not outlive the worker bring back what should be running. */
  restore?(instances: readonly KnownInstance[]): Promise<void>;
}

/** A failure whose kind the runtime knows. */
export class RuntimeFailure extends Error {
  readonly failureClass: FailureClass;

  constructor(failureClass: FailureClass, message: string) {
    super(message);
    this.name = 'RuntimeFailure';
    this.failureClass = failureClass;
  }
}
