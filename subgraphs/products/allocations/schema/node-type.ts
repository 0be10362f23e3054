import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { BigIntScalar, DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../kernel/graphql/shared-types.js';
import { nodeLifecycle } from '../domain/node-lifecycle.js';
import type { NodeRecord } from '../store/node-queries.js';
import {
  ComputeNodeActionEnum,
  ComputeNodeStateEnum,
  NodeConnectivityEnum,
  NodeHealthEnum,
  NodeSchedulingEnum,
  NodeTaskStatusEnum,
  SlotStatusEnum,
} from './node-enums.js';

@ObjectType({ description: 'A schedulable part of a machine: a GPU with its fabric function, or a seat for a VM.' })
@Key()
@Tag('operator')
export class Slot {
  @Field(() => ID, { description: 'TypeID with the prefix `slt`.' })
  id!: string;
  @Field(() => Int, { description: 'Its number on the machine.' })
  slotIndex!: number;
  @Field(() => SlotStatusEnum, { description: 'Whether it can be given out.' })
  status!: string;
  @Field(() => String, { nullable: true, description: 'Why it has this status.' })
  statusReason!: string | null;
  @Field(() => DateTime, { description: 'Since when it has this status.' })
  statusChangedAt!: Date;
  @Field(() => String, { nullable: true, description: 'Where the GPU sits on the PCI bus, such as `0000:65:00.0`.' })
  gpuPciAddress!: string | null;
  @Field(() => Int, { description: 'The NUMA domain it belongs to.' })
  numaNode!: number;
  @Field(() => String, { nullable: true, description: 'How the fabric is shared; only `per_slot_vf` is schedulable.' })
  fabricClaimMode!: string | null;
  @Field(() => String, { nullable: true, description: 'PCI address of its own fabric function.' })
  fabricVfPciAddress!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When an operator approved it.' })
  approvedAt!: Date | null;
}

@ObjectType({ description: 'A typed, signed task for a machine.' })
@Key()
@Tag('operator')
export class NodeTask {
  @Field(() => ID, { description: 'TypeID with the prefix `ntk`.' })
  id!: string;
  @Field(() => String, { description: 'What is to be done, such as `slice.vm_provision`.' })
  type!: string;
  @Field(() => NodeTaskStatusEnum, { description: 'How far it is.' })
  status!: string;
  @Field(() => BigIntScalar, { description: "The machine's epoch that it was made for." })
  epoch!: bigint;
  @Field(() => BigIntScalar, {
    description: 'Rises with each task about the same allocation; 0 for tasks about the machine.',
  })
  fence!: bigint;
  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;
  @Field(() => DateTime, { description: 'When the agent stops accepting it.' })
  expiresAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When its result was applied.' })
  completedAt!: Date | null;
  @Field(() => JsonObject, { nullable: true, description: 'What the machine reported.' })
  result!: Record<string, unknown> | null;
  @Field(() => JsonObject, { nullable: true, description: 'A report that came too late to count: evidence only.' })
  lateResult!: Record<string, unknown> | null;
}

@ObjectType({
  implements: Node,
  description: 'A machine. Its axes are kept apart: state, scheduling, health, connectivity.',
})
@Key()
@Tag('operator')
export class ComputeNode extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `nod`.' })
  override id!: string;
  @Field(() => String, { description: 'Unique name.' })
  name!: string;
  @Field(() => ComputeNodeStateEnum, { description: 'Where it stands in its life.' })
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
  @Field(() => [ComputeNodeActionEnum], { description: 'Transitions that its state allows.' })
  availableActions!: readonly string[];
  @Field(() => NodeSchedulingEnum, { description: 'Whether new work may be placed on it.' })
  scheduling!: string;
  @Field(() => NodeHealthEnum, { description: 'What it says of itself.' })
  health!: string;
  @Field(() => String, { nullable: true, description: 'The fault, if there is one.' })
  healthDetail!: string | null;
  @Field(() => NodeConnectivityEnum, { description: 'Whether it is heard of.' })
  connectivity!: string;
  @Field(() => DateTime, { description: 'Since when its connectivity is what it is.' })
  connectivityChangedAt!: Date;
  @Field(() => String, { nullable: true, description: 'What the provider of the hardware says of it.' })
  providerState!: string | null;
  @Field(() => BigIntScalar, { description: 'Rises with each enrolment; tasks of an older epoch are refused.' })
  epoch!: bigint;
  @Field(() => String, { nullable: true, description: 'What its agent last reported of itself, such as `1.4.0`.' })
  agentVersion!: string | null;
  @Field(() => Int, { description: 'GPUs in the machine.' })
  gpuCount!: number;
  @Field(() => Int, { description: 'Units of capacity that are in the pool.' })
  totalUnits!: number;
  @Field(() => Int, { description: 'Units that nobody holds.' })
  freeUnits!: number;
  @Field(() => [String], { description: 'Images that are on it.' })
  images!: string[];
  @Field(() => DateTime, { description: 'When it was registered.' })
  createdAt!: Date;
  /** Not in the schema. */
  record!: NodeRecord;
}

export function toComputeNode(record: NodeRecord): ComputeNode {
  return { ...record, availableActions: nodeLifecycle.available(record.state), record };
}

export const ComputeNodeConnection = connectionType('ComputeNode', () => ComputeNode, 'operator');

@ObjectType({ description: 'Something that happened to a machine or its slots.' })
@Tag('operator')
export class NodeEvent extends DomainEvent {
  @Field(() => ComputeNode, { nullable: true, description: 'The machine, as it is now.' })
  subject!: ComputeNode | null;
}

@ObjectType({ description: 'Answer to a mutation of a machine.' })
@Tag('operator')
export class ComputeNodePayload extends MutationPayload {
  @Field(() => ComputeNode, { nullable: true, description: 'The machine; null when nothing was done.' })
  node!: ComputeNode | null;
  @Field(() => String, {
    nullable: true,
    description: 'A new bootstrap token: shown this once, for this machine, for a short time, for one use.',
  })
  bootstrapToken?: string | null;
}
