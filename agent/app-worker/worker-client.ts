import type { Claim, FailureClass, HeartbeatAnswer, KnownInstance, Lease, Report } from './work-types.js';

/** What a worker needs of the platform: the seam where the generated SDK takes over the transport. */
export interface WorkerClient {
  /** The next work item, or null when none came within `waitMs`. */
  lease(
    request: { projectId: string; appSlugs: readonly string[]; waitMs: number },
    signal: AbortSignal,
  ): Promise<Lease | null>;
  heartbeat(claim: Claim): Promise<HeartbeatAnswer>;
  report(claim: Claim, report: Report): Promise<void>;
  complete(claim: Claim, report: Report): Promise<void>;
  fail(claim: Claim, failure: { failureClass: FailureClass; message: string }): Promise<void>;
  release(claim: Claim, hasTouched: boolean): Promise<void>;
  /** Instances of these apps in the project that should be running now. */
  runningInstances(request: { projectId: string; appSlugs: readonly string[] }): Promise<KnownInstance[]>;
}

/** The lease is gone: whatever was written was not applied. Stop, and touch nothing any more. */
export class LeaseLost extends Error {
  constructor() {
    super('the lease was lost');
    this.name = 'LeaseLost';
  }
}

/** The platform refused: a fault of this worker, or of its rights. */
export class PlatformRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'PlatformRefusal';
    this.code = code;
  }
}
