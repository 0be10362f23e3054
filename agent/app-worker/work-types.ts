/** The parts of the public API that a worker speaks of. The generated SDK has the same names. */

export type WorkKind = 'PROVISION' | 'UPDATE' | 'ACTION' | 'DECOMMISSION';
export type FailureClass = 'RETRYABLE' | 'PERMANENT' | 'NEEDS_OPERATOR' | 'UNCERTAIN';
export type HeartbeatAnswer = 'OK' | 'CANCEL' | 'SUPERSEDED' | 'LOST';

export interface PlannedEndpoint {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly path: string;
  readonly bindAddress: string;
}

export interface Plan {
  readonly app: string;
  readonly version: string;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
  readonly endpoints: readonly PlannedEndpoint[];
  readonly health: { readonly endpoint: string; readonly path: string; readonly startSecondsMax: number };
}

export interface WorkItem {
  readonly id: string;
  readonly kind: WorkKind;
  readonly action: string | null;
  readonly attempt: number;
  readonly observesFirst: boolean;
  readonly instance: { readonly id: string; readonly name: string } | null;
  readonly spec: { readonly plan: Plan; readonly planHash: string; readonly host: string | null };
}

export interface Lease {
  readonly leaseId: string;
  readonly fence: number;
  readonly leaseSeconds: number;
  readonly heartbeatSeconds: number;
  readonly workItem: WorkItem;
}

/** Names a lease in every write. */
export interface Claim {
  readonly workItemId: string;
  readonly leaseId: string;
  readonly fence: number;
}

export interface Step {
  readonly name: string;
  readonly state: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  readonly message?: string;
}

export interface Endpoint {
  readonly name: string;
  readonly url: string;
  readonly isReady: boolean;
}

export interface Report {
  readonly steps?: readonly Step[];
  readonly conditions?: readonly { type: string; status: string; reason: string; message?: string }[];
  readonly endpoints?: readonly Endpoint[];
  readonly members?: readonly { componentKey: string; status: string; detail?: string }[];
  readonly health?: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
}

/** An instance that should run, as the platform knows it. */
export interface KnownInstance {
  readonly id: string;
  readonly planHash: string;
  readonly plan: Plan;
  readonly endpoints: readonly { readonly name: string; readonly url: string | null }[];
}
