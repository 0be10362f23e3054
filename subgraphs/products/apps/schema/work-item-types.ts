import { Field, ID, Int, InputType, ObjectType } from 'type-graphql';
import { Key, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../kernel/graphql/shared-types.js';
import type { WorkItemRecord } from '../store/apps-records.js';
import {
  AppConditionStatus,
  AppConditionType,
  AppFailureClass,
  AppHeartbeatAnswer,
  AppInstanceHealth,
  AppStepState,
  AppWorkItemState,
  AppWorkKind,
} from './apps-enums.js';

@ObjectType({ description: 'A step of work, as its worker tells.' })
@Tag('public')
export class AppWorkStep {
  @Field(() => String, { description: 'What it is, such as `pull image`.' })
  name!: string;
  @Field(() => AppStepState, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { description: 'More about it.' })
  message!: string;
}

@ObjectType({
  implements: Node,
  description:
    'Something a worker is to do for an app instance: delivered at least once, with at most one accepted outcome.',
})
@Key()
@Tag('public')
export class AppWorkItem extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `awi`.' })
  override id!: string;
  instanceId!: string;
  @Field(() => AppWorkKind, { description: 'What is to be done.' })
  kind!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Of an ACTION: `start`, `stop`, `restart`, `reconcile` or `repair`.',
  })
  action!: string | null;
  @Field(() => AppWorkItemState, { description: 'Where it stands.' })
  state!: string;
  @Field(() => JsonObject, {
    description: 'What the worker is told: the plan, its hash, the host, the action. Never a secret.',
  })
  spec!: Record<string, unknown>;
  @Field(() => Int, { description: 'The generation of the instance that it carries out.' })
  generation!: number;
  @Field(() => Int, { description: 'How many attempts were begun.' })
  attempt!: number;
  @Field(() => Int, { description: 'After so many it is given up (policy `apps.work_item_attempts_max`).' })
  attemptsMax!: number;
  @Field(() => Boolean, {
    description: 'Whether the worker must look at what is there before it acts: an earlier attempt ended unclear.',
  })
  observesFirst!: boolean;
  @Field(() => [AppWorkStep], { description: 'How far it is.' })
  @ListSize({ assumedSize: 10 })
  steps!: AppWorkStep[];
  @Field(() => ID, { nullable: true, description: 'Who holds it, or held it last.' })
  leasedBy!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When the lease ends unless it is renewed.' })
  leaseExpiresAt!: Date | null;
  @Field(() => DateTime, { description: 'Not before this time.' })
  availableAt!: Date;
  @Field(() => AppFailureClass, { nullable: true, description: 'What kind of failure the last attempt met.' })
  failureClass!: string | null;
  @Field(() => String, { nullable: true, description: 'What failed.' })
  failureMessage!: string | null;
  @Field(() => DateTime, { description: 'When it was queued.' })
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it got its outcome.' })
  finishedAt!: Date | null;
}

@ObjectType({
  description: 'A lease: hand `leaseId` and `fence` back with every write. Lost when it is not renewed in time.',
})
@Tag('public')
export class AppWorkItemLease {
  @Field(() => ID, { description: 'Names the lease.' })
  leaseId!: string;
  @Field(() => Int, { description: 'Rises with each lease on the instance; writes under an older one are refused.' })
  fence!: number;
  @Field(() => Int, { description: 'The lease is lost after so many seconds without a heartbeat.' })
  leaseSeconds!: number;
  @Field(() => Int, { description: 'How often a heartbeat is due, in seconds.' })
  heartbeatSeconds!: number;
  @Field(() => AppWorkItem, { description: 'What is to be done.' })
  workItem!: AppWorkItem;
}

@ObjectType({ description: 'Answer to asking for work.' })
@Tag('public')
export class AppWorkItemLeasePayload extends MutationPayload {
  @Field(() => AppWorkItemLease, {
    nullable: true,
    description: 'The lease; null when there was nothing to do in that time.',
  })
  lease!: AppWorkItemLease | null;
}

@ObjectType({ description: 'Answer to a heartbeat.' })
@Tag('public')
export class AppWorkItemHeartbeatPayload extends MutationPayload {
  @Field(() => AppHeartbeatAnswer, {
    nullable: true,
    description: 'What the holder should do; null when it was refused.',
  })
  answer!: string | null;
}

@ObjectType({
  description:
    'Answer to a write of a worker. `STALE_FENCE` in `userErrors` means that the lease was lost and nothing was applied.',
})
@Tag('public')
export class AppWorkItemPayload extends MutationPayload {
  @Field(() => AppWorkItem, { nullable: true, description: 'The work item, as it is now.' })
  workItem!: AppWorkItem | null;
}

@InputType({ description: 'Where a worker asks for work.' })
export class AppWorkItemLeaseInput {
  @Field(() => ID, { description: 'The project that the worker serves.' })
  projectId!: string;
  @Field(() => [String], { description: 'Slugs of the apps it can handle, at most 50.' })
  appSlugs!: string[];
  @Field(() => Int, { nullable: true, description: 'Wait so many milliseconds for work, 0 (default) to 20000.' })
  waitMs?: number;
}

@InputType({ description: 'A lease, as the worker got it.' })
export class AppWorkItemHeartbeatInput {
  @Field(() => ID, { description: 'The work item that the worker holds, by its TypeID.' })
  workItemId!: string;
  @Field(() => ID, {
    description: 'The lease that `appWorkItemLease` answered; a write under an older one is refused.',
  })
  leaseId!: string;
  @Field(() => Int, { description: 'The fence of the lease.' })
  fence!: number;
}

@InputType({ description: 'How far a worker is with one step of its work item.' })
export class AppWorkStepInput {
  @Field(() => String, { description: 'What it is.' })
  name!: string;
  @Field(() => AppStepState, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'More about it; no secrets.' })
  message?: string;
}

@InputType({ description: 'A condition that a worker may report: READY, PROGRESSING or DEGRADED.' })
export class AppConditionInput {
  @Field(() => AppConditionType, { description: 'Which fact.' })
  type!: string;
  @Field(() => AppConditionStatus, { description: 'Whether it holds.' })
  status!: string;
  @Field(() => String, { description: 'Why, as one word in CamelCase.' })
  reason!: string;
  @Field(() => String, { nullable: true, description: 'Why, as a sentence.' })
  message?: string;
}

@InputType({ description: 'An endpoint as the worker finds it.' })
export class AppEndpointInput {
  @Field(() => String, { description: 'Its name in the plan.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'Its address, without credentials.' })
  url?: string;
  @Field(() => Boolean, { description: 'Whether it answers.' })
  isReady!: boolean;
}

@InputType({ description: 'A part of the app as the worker finds it.' })
export class AppMemberInput {
  @Field(() => String, { description: "The worker's own name for it." })
  componentKey!: string;
  @Field(() => String, { description: "The worker's own word for how it is." })
  status!: string;
  @Field(() => String, { nullable: true, description: 'More about it; no secrets.' })
  detail?: string;
}

@InputType({ description: 'What the holder of a lease tells.' })
export class AppWorkItemReportInput extends AppWorkItemHeartbeatInput {
  @Field(() => [AppWorkStepInput], { nullable: true, description: 'Steps that changed.' })
  steps?: AppWorkStepInput[];
  @Field(() => [AppConditionInput], { nullable: true, description: 'Conditions that changed.' })
  conditions?: AppConditionInput[];
  @Field(() => [AppEndpointInput], { nullable: true, description: 'Endpoints that changed.' })
  endpoints?: AppEndpointInput[];
  @Field(() => [AppMemberInput], { nullable: true, description: 'Members that changed.' })
  members?: AppMemberInput[];
  @Field(() => AppInstanceHealth, { nullable: true, description: 'What it found.' })
  health?: string;
}

@InputType({ description: 'The end of an attempt that did not succeed.' })
export class AppWorkItemFailInput extends AppWorkItemReportInput {
  @Field(() => AppFailureClass, { description: 'What kind of failure it was.' })
  failureClass!: string;
  @Field(() => String, { description: 'What failed; no secrets.' })
  message!: string;
}

@InputType({ description: 'A lease that is given back.' })
export class AppWorkItemReleaseInput extends AppWorkItemHeartbeatInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether anything was done under it (default true): then the next holder looks first.',
  })
  hasTouched?: boolean;
}

@InputType({ description: 'Work that is tried again.' })
export class AppWorkItemRetryInput {
  @Field(() => ID, { description: 'The work item.' })
  id!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

export const toWorkItem = (row: WorkItemRecord): AppWorkItem => ({
  ...row,
  steps: row.steps.map((step) => ({ ...step })),
});
