import type { ArtifactState, TrustState } from '../domain/artifact-lifecycle.js';
import type { InstanceState } from '../domain/instance-lifecycle.js';
import type { VersionState } from '../domain/version-lifecycle.js';
import type { WorkItemState } from '../domain/work-item-lifecycle.js';
import type { WorkStep } from './entities.js';

/** Rows as they are read, and the columns that make them. */
interface Record {
  readonly [column: string]: unknown;
}

export interface AppRecord extends Record {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly summary: string;
  readonly createdAt: Date;
}

export interface VersionRecord extends Record {
  readonly id: string;
  readonly appId: string;
  readonly number: string;
  readonly manifest: { readonly [key: string]: unknown };
  readonly manifestHash: string;
  readonly state: VersionState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
}

export interface ArtifactRecord extends Record {
  readonly id: string;
  readonly repository: string;
  readonly digest: string;
  readonly digestAlgorithm: string;
  readonly artifactKind: string;
  readonly sourceType: string;
  readonly lifecycleState: ArtifactState;
  readonly trustState: TrustState;
  readonly trustReason: string | null;
  readonly channel: string;
  readonly createdAt: Date;
}

export interface EntitlementRecord extends Record {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly appId: string;
  readonly isEnabled: boolean;
  readonly changedBy: string;
  readonly changedAt: Date;
}

export interface InstanceRecord extends Record {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly appId: string;
  readonly appSlug: string;
  readonly versionId: string;
  readonly name: string;
  readonly allocationId: string;
  readonly operatingMode: string;
  readonly controlPlaneScope: string;
  readonly isCluster: boolean;
  readonly state: InstanceState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly stateDeadlineAt: Date | null;
  readonly desiredState: string;
  readonly health: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly parameters: { readonly [key: string]: unknown };
  readonly plan: { readonly [key: string]: unknown };
  readonly planHash: string;
  readonly priceSnapshotId: string | null;
  readonly meteredUntil: Date | null;
  readonly requestedBy: string;
  readonly correlationId: string;
  readonly createdAt: Date;
}

export interface ConditionRecord extends Record {
  readonly instanceId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionAt: Date;
}

export interface EndpointRecord extends Record {
  readonly id: string;
  readonly instanceId: string;
  readonly name: string;
  readonly protocol: string;
  readonly exposureMode: string;
  readonly authMode: string;
  readonly url: string | null;
  readonly isReady: boolean;
  readonly changedAt: Date;
}

export interface MemberRecord extends Record {
  readonly instanceId: string;
  readonly componentKey: string;
  readonly status: string;
  readonly detail: string;
  readonly changedAt: Date;
}

export interface WorkItemRecord extends Record {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly instanceId: string;
  readonly appSlug: string;
  readonly kind: string;
  readonly action: string | null;
  readonly state: WorkItemState;
  readonly spec: { readonly [key: string]: unknown };
  readonly generation: number;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly observesFirst: boolean;
  readonly fence: number | null;
  readonly leasedBy: string | null;
  readonly leaseExpiresAt: Date | null;
  readonly availableAt: Date;
  readonly steps: WorkStep[];
  readonly failureClass: string | null;
  readonly failureMessage: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export interface LateReportRecord extends Record {
  readonly id: string;
  readonly instanceId: string;
  readonly workItemId: string;
  readonly verb: string;
  readonly code: string;
  readonly fence: number;
  readonly currentFence: number;
  readonly body: { readonly [key: string]: unknown };
  readonly reportedBy: string;
  readonly receivedAt: Date;
}

export interface LeakRecord extends Record {
  readonly id: string;
  readonly instanceId: string;
  readonly allocationId: string;
  readonly unconfirmed: string[];
  readonly reason: string;
  readonly openedAt: Date;
}
