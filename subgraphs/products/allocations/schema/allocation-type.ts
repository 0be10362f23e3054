import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Key, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../kernel/graphql/shared-types.js';
import type { WhyPending as WhyPendingTree } from '../domain/why-pending.js';
import type { AllocationRecord } from '../store/allocation-record.js';
import { AllocationStateEnum, WhyPendingReasonEnum } from './allocation-enums.js';

@ObjectType({ description: 'Why something cannot be placed now: a tree of causes.' })
@Tag('public')
export class WhyPending {
  @Field(() => WhyPendingReasonEnum, { description: 'What kind of cause it is; branch on this.' })
  reason!: string;
  @Field(() => String, { description: 'A sentence for people.' })
  message!: string;
  @Field(() => Int, { nullable: true, description: 'How many nodes it concerns.' })
  nodes!: number | null;
  @Field(() => Int, { nullable: true, description: 'How many units of capacity (GPUs, or VM seats) it concerns.' })
  units!: number | null;
  @Field(() => [WhyPending], { description: 'What lies behind it.' })
  @ListSize({ assumedSize: 5 })
  causes!: readonly WhyPendingTree[];
}

@ObjectType({ description: 'How an allocation is reached by SSH.' })
@Tag('public')
export class AllocationConnectionInfo {
  @Field(() => String, { description: 'Host name or address.' })
  host!: string;
  @Field(() => Int, { description: 'TCP port.' })
  port!: number;
  @Field(() => String, { description: "User to sign in as, with one of the allocation's SSH keys." })
  user!: string;
}

/** Projects are IAM's; this domain adds their allocations. */
@ObjectType('Project')
@Tag('public')
@Key()
export class ProjectStub {
  @Field(() => ID)
  id!: string;
}

/** SSH keys are IAM's. */
@ObjectType('SshKey')
@Tag('public')
@Key('id', { isResolvable: false })
export class SshKeyStub {
  @Field(() => ID)
  id!: string;
}

@ObjectType({ implements: Node, description: 'Capacity that a project holds, from request to proven cleanup.' })
@Key()
@Tag('public')
export class Allocation extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `alc`.' })
  override id!: string;
  @Field(() => AllocationStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the platform acts by itself if the state has not changed.',
  })
  stateDeadlineAt!: Date | null;
  @Field(() => Boolean, {
    description: 'Whether a release was asked for that will follow as soon as the node has answered.',
  })
  isReleaseRequested!: boolean;
  @Field(() => Int, { description: 'How many GPUs it has.' })
  gpuCount!: number;
  @Field(() => String, { description: 'The image it was launched with.' })
  image!: string;
  @Field(() => AllocationConnectionInfo, { nullable: true, description: 'How to reach it; null unless it is active.' })
  connection!: AllocationConnectionInfo | null;
  @Field(() => WhyPending, { nullable: true, description: 'Why it still waits; null when it does not.' })
  whyPending!: WhyPendingTree | null;
  @Field(() => ID, { description: 'The principal that asked for it: attribution, not ownership.' })
  requestedBy!: string;
  @Field(() => ID, { description: 'Identifier of the price it was launched under and is charged with.' })
  priceSnapshotId!: string;
  @Field(() => DateTime, { description: 'When it was asked for.' })
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it became usable: charging begins.' })
  activeAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When the release was accepted: charging ended.' })
  releaseAcceptedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When cleanup was proved.' })
  releasedAt!: Date | null;
  /** Not in the schema. */
  record!: AllocationRecord;
}

export const AllocationConnection = connectionType('Allocation', () => Allocation);

export function toAllocation(record: AllocationRecord): Allocation {
  const { connectionHost: host, connectionPort: port, connectionUser: user } = record;
  const isReachable = record.state === 'active' && host !== null && port !== null && user !== null;
  return {
    id: record.id,
    state: record.state,
    stateReason: record.stateReason,
    stateChangedAt: record.stateChangedAt,
    stateDeadlineAt: record.stateDeadlineAt,
    isReleaseRequested: record.releaseRequestedAt !== null && record.releaseAcceptedAt === null,
    gpuCount: record.gpuCount,
    image: record.image,
    connection: isReachable ? { host, port, user } : null,
    whyPending: record.whyPending,
    requestedBy: record.requestedBy,
    priceSnapshotId: record.priceSnapshotId,
    createdAt: record.createdAt,
    activeAt: record.activeAt,
    releaseAcceptedAt: record.releaseAcceptedAt,
    releasedAt: record.releasedAt,
    record,
  };
}

@ObjectType({ description: 'Something that happened to an allocation.' })
@Tag('public')
export class AllocationEvent extends DomainEvent {
  @Field(() => Allocation, { nullable: true, description: 'The allocation, as it is now.' })
  subject!: Allocation | null;
}

@ObjectType({ description: 'Answer to a mutation of an allocation.' })
@Tag('public')
export class AllocationPayload extends MutationPayload {
  @Field(() => Allocation, { nullable: true, description: 'The allocation; null when nothing was done.' })
  allocation!: Allocation | null;
}
