import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { ArtifactState, Channel, TrustState } from '../domain/artifact-lifecycle.js';
import type { InstanceState } from '../domain/instance-lifecycle.js';
import type { Plan } from '../domain/render-plan.js';
import type { VersionState } from '../domain/version-lifecycle.js';
import type { StopSignal, WorkItemState, WorkKind } from '../domain/work-item-lifecycle.js';
import type { LaunchValues, Manifest } from '../manifest/manifest.js';

/** A managed entity as it is read: a nullable column is null, never undefined. */
type Row<Entity> = { [Column in keyof Entity]: Exclude<Entity[Column], undefined> };

export const AppEntity = defineEntity({
  name: 'App',
  tableName: 'apps',
  schema: 'apps',
  properties: {
    id: p.text().primary(),
    slug: p.text(),
    title: p.text(),
    summary: p.text(),
    createdBy: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const AppVersionEntity = defineEntity({
  name: 'AppVersion',
  tableName: 'versions',
  schema: 'apps',
  properties: {
    id: p.text().primary(),
    appId: p.text(),
    number: p.text(),
    manifest: p.json<Manifest>(),
    manifestHash: p.text(),
    state: p.text().$type<VersionState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    createdBy: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ArtifactEntity = defineEntity({
  name: 'Artifact',
  tableName: 'artifacts',
  schema: 'apps',
  properties: {
    id: p.text().primary(),
    repository: p.text(),
    digest: p.text(),
    digestAlgorithm: p.text(),
    artifactKind: p.text(),
    sourceType: p.text(),
    lifecycleState: p.text().$type<ArtifactState>(),
    trustState: p.text().$type<TrustState>(),
    trustReason: p.text().nullable(),
    channel: p.text().$type<Channel>(),
    createdBy: p.text(),
    createdAt: p.datetime(),
    changedAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const EntitlementEntity = defineEntity({
  name: 'AppEntitlement',
  tableName: 'entitlements',
  schema: 'apps',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text(),
    projectId: p.text(),
    appId: p.text(),
    isEnabled: p.boolean(),
    changedBy: p.text(),
    changedAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const InstanceEntity = defineEntity({
  name: 'AppInstance',
  tableName: 'instances',
  schema: 'apps',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text(),
    projectId: p.text(),
    appId: p.text(),
    appSlug: p.text(),
    versionId: p.text(),
    name: p.text(),
    allocationId: p.text(),
    operatingMode: p.text(),
    controlPlaneScope: p.text(),
    isCluster: p.boolean(),
    state: p.text().$type<InstanceState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    stateDeadlineAt: p.datetime().nullable(),
    desiredState: p.text().$type<'running' | 'stopped' | 'removed'>(),
    health: p.text().$type<'unknown' | 'healthy' | 'unhealthy'>(),
    generation: p.integer(),
    observedGeneration: p.integer(),
    parameters: p.json<LaunchValues>(),
    plan: p.json<Plan>(),
    planHash: p.text(),
    priceSnapshotId: p.text().nullable(),
    meteredUntil: p.datetime().nullable(),
    fence: p.integer(),
    leasedItemId: p.text().nullable(),
    finalizers: p.array(),
    requestedBy: p.text(),
    correlationId: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});
export type InstanceRow = Row<InferEntity<typeof InstanceEntity>>;

export const WorkItemEntity = defineEntity({
  name: 'AppWorkItem',
  tableName: 'work_items',
  schema: 'apps',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    projectId: p.text(),
    instanceId: p.text(),
    appSlug: p.text(),
    kind: p.text().$type<WorkKind>(),
    action: p.text().nullable(),
    state: p.text().$type<WorkItemState>(),
    spec: p.json<WorkSpec>(),
    generation: p.integer(),
    attempt: p.integer(),
    attemptsMax: p.integer(),
    observesFirst: p.boolean(),
    stopSignal: p.text().$type<StopSignal>().nullable(),
    leaseId: p.text().nullable(),
    fence: p.integer().nullable(),
    leasedBy: p.text().nullable(),
    leaseExpiresAt: p.datetime().nullable(),
    availableAt: p.datetime(),
    steps: p.json<WorkStep[]>(),
    failureClass: p.text().nullable(),
    failureMessage: p.text().nullable(),
    correlationId: p.text(),
    createdAt: p.datetime(),
    finishedAt: p.datetime().nullable(),
  },
});
export type WorkItemRow = Row<InferEntity<typeof WorkItemEntity>>;

/** What a worker is told. */
export interface WorkSpec {
  readonly instanceName: string;
  readonly allocationId: string;
  /** Where the workload runs; null when the allocation has no address (any more). */
  readonly host: string | null;
  readonly plan: Plan;
  readonly planHash: string;
  /** Of an ACTION only: what is asked for, and of what. */
  readonly action?: string;
  readonly repairScope?: string;
  /** Of a DECOMMISSION only: what is to go, in this order. */
  readonly finalizers?: readonly string[];
}

export interface WorkStep {
  readonly name: string;
  readonly state: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  readonly message: string;
}

export const APPS_ENTITIES = [
  AppEntity,
  AppVersionEntity,
  ArtifactEntity,
  EntitlementEntity,
  InstanceEntity,
  WorkItemEntity,
];
