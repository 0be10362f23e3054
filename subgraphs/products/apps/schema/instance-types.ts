import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../kernel/graphql/shared-types.js';
import { availableActions } from '../domain/instance-lifecycle.js';
import type {
  ConditionRecord,
  EndpointRecord,
  InstanceRecord,
  LateReportRecord,
  LeakRecord,
  MemberRecord,
} from '../store/apps-records.js';
import {
  AppConditionStatus,
  AppConditionType,
  AppDesiredState,
  AppEndpointAuthMode,
  AppEndpointProtocol,
  AppExposureMode,
  AppInstanceAction,
  AppInstanceHealth,
  AppInstanceState,
} from './apps-enums.js';

@ObjectType()
@Key()
export class Allocation {
  @Field(() => ID)
  id!: string;
}

@ObjectType()
@Key('id', { isResolvable: false })
export class PriceSnapshot {
  @Field(() => ID)
  id!: string;
}

@ObjectType({ description: 'One fact about an app instance (as conditions in Kubernetes).' })
@Tag('public')
export class AppCondition {
  @Field(() => AppConditionType, { description: 'Which fact.' })
  type!: string;
  @Field(() => AppConditionStatus, { description: 'Whether it holds.' })
  status!: string;
  @Field(() => String, { description: 'Why, as one word for programs.' })
  reason!: string;
  @Field(() => String, { description: 'Why, as a sentence for people.' })
  message!: string;
  @Field(() => Int, { description: 'The generation it was seen at.' })
  observedGeneration!: number;
  @Field(() => DateTime, { description: 'When the status changed last.' })
  lastTransitionAt!: Date;
}

@ObjectType({ implements: Node, description: 'How an app instance is reached.' })
@Key()
@Tag('public')
export class AppEndpoint extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `ept`.' })
  override id!: string;
  instanceId!: string;
  @Field(() => String, { description: 'Its name in the manifest.' })
  name!: string;
  @Field(() => AppEndpointProtocol, { description: 'What it speaks.' })
  protocol!: string;
  @Field(() => AppExposureMode, { description: 'From where it can be reached.' })
  exposureMode!: string;
  @Field(() => AppEndpointAuthMode, { description: 'What it asks of its callers.' })
  authMode!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Its address; null until a worker has told it, and when it is closed.',
  })
  url!: string | null;
  @Field(() => Boolean, { description: 'Whether it answers.' })
  isReady!: boolean;
  @Field(() => DateTime, { description: 'When something about it changed last.' })
  changedAt!: Date;
}

@ObjectType({ description: 'A part of a running app, as its worker tells.' })
@Tag('public')
export class AppMember {
  @Field(() => String, { description: "The worker's own name for it." })
  componentKey!: string;
  @Field(() => String, { description: "The worker's own word for how it is." })
  status!: string;
  @Field(() => String, { description: 'More about it.' })
  detail!: string;
  @Field(() => DateTime, { description: 'When the worker told of it last.' })
  changedAt!: Date;
}

@ObjectType({ description: 'A write of a worker that had lost its lease: kept, never applied.' })
@Tag('operator')
export class AppLateReport {
  @Field(() => ID, { description: 'Identifier of the evidence.' })
  id!: string;
  @Field(() => ID, { description: 'The work item it spoke of.' })
  workItemId!: string;
  @Field(() => String, { description: 'What it wanted: `report`, `complete`, `fail` or `release`.' })
  verb!: string;
  @Field(() => String, { description: 'Always `STALE_FENCE`.' })
  code!: string;
  @Field(() => Int, { description: 'The fence it came with.' })
  fence!: number;
  @Field(() => Int, { description: 'The fence of the instance when it came.' })
  currentFence!: number;
  @Field(() => JsonObject, { description: 'What it said.' })
  body!: Record<string, unknown>;
  @Field(() => ID, { description: 'Who sent it.' })
  reportedBy!: string;
  @Field(() => DateTime, { description: 'When it came.' })
  receivedAt!: Date;
}

@ObjectType({ description: 'What the platform reclaimed although nobody confirmed that it is gone.' })
@Tag('operator')
export class AppLeak {
  @Field(() => ID, { description: 'Identifier of the record.' })
  id!: string;
  @Field(() => [String], { description: 'What nobody confirmed.' })
  unconfirmed!: string[];
  @Field(() => String, { description: 'Why it is a leak.' })
  reason!: string;
  @Field(() => DateTime, { description: 'When it was opened.' })
  openedAt!: Date;
}

@ObjectType({ implements: Node, description: 'An app that runs, or is to run, on an allocation of a project.' })
@Key()
@Tag('public')
export class AppInstance extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `ain`.' })
  override id!: string;
  appId!: string;
  versionId!: string;
  projectId!: string;
  allocationId!: string;
  priceSnapshotId!: string | null;
  @Field(() => String, { description: 'Its name, unique among the instances of the project that are not gone.' })
  name!: string;
  @Field(() => AppInstanceState, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the platform acts if the state has not changed; null for states that may last.',
  })
  stateDeadlineAt!: Date | null;
  @Field(() => AppDesiredState, { description: 'What its owner wants.' })
  desiredState!: string;
  @Field(() => AppInstanceHealth, { description: 'What a worker last found.' })
  health!: string;
  @Field(() => Int, { description: 'Rises with each change of what is wanted.' })
  generation!: number;
  @Field(() => Int, { description: 'The newest generation that a worker has carried out; never above `generation`.' })
  observedGeneration!: number;
  @Field(() => [AppInstanceAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => String, { description: '`tenant_dedicated` or `platform_managed`.' })
  operatingMode!: string;
  @Field(() => String, { description: '`project`, `tenant` or `platform`.' })
  controlPlaneScope!: string;
  @Field(() => JsonObject, { description: 'The launch values, defaults included.' })
  parameters!: Record<string, unknown>;
  @Field(() => JsonObject, {
    description: 'What the platform rendered from manifest and values: what a worker carries out.',
  })
  plan!: Record<string, unknown>;
  @Field(() => String, { description: 'SHA-256 over the canonical JSON (RFC 8785) of the plan.' })
  planHash!: string;
  @Field(() => Boolean, { description: 'Whether its run time costs.' })
  isMetered!: boolean;
  @Field(() => DateTime, { nullable: true, description: 'Run time is recorded up to here; null while none counts.' })
  meteredUntil!: Date | null;
  @Field(() => ID, { description: 'Who asked for it.' })
  requestedBy!: string;
  @Field(() => String, { description: 'Correlation id of the request that made it.' })
  correlationId!: string;
  @Field(() => DateTime, { description: 'When it was asked for.' })
  createdAt!: Date;
}

export const AppInstanceConnection: new () => Connection<AppInstance> = connectionType(
  'AppInstance',
  () => AppInstance,
);

@ObjectType({ description: 'Something that happened to an app instance.' })
@Tag('public')
export class AppInstanceEvent extends DomainEvent {
  @Field(() => AppInstance, { nullable: true, description: 'The app instance, as it is now.' })
  subject!: AppInstance | null;
}

@ObjectType({ description: 'Answer to a mutation of an app instance.' })
@Tag('public')
export class AppInstancePayload extends MutationPayload {
  @Field(() => AppInstance, { nullable: true, description: 'The app instance; null when nothing was done.' })
  appInstance!: AppInstance | null;
}

export function toInstance(row: InstanceRecord): AppInstance {
  return { ...row, availableActions: availableActions(row), isMetered: row.priceSnapshotId !== null };
}
export const toCondition = (row: ConditionRecord): AppCondition => ({ ...row });
export const toEndpoint = (row: EndpointRecord): AppEndpoint => ({ ...row });
export const toMember = (row: MemberRecord): AppMember => ({ ...row });
export const toLateReport = (row: LateReportRecord): AppLateReport => ({ ...row });
export const toLeak = (row: LeakRecord): AppLeak => ({ ...row, unconfirmed: [...row.unconfirmed] });
