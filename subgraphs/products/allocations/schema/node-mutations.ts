import { Arg, Ctx, Field, ID, InputType, Int, Mutation, Resolver } from 'type-graphql';
import { Access, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { approveSlots, disableSlots } from '../usecases/approve-slots.js';
import type { createCreateNode } from '../usecases/create-node.js';
import type { createIssueBootstrap } from '../usecases/issue-bootstrap.js';
import { type NodeOperation, nodeOperations } from '../usecases/operate-node.js';
import { resolveComputeNode } from './node-resolver.js';
import { ComputeNodePayload } from './node-type.js';

const KEY = 'One per logical mutation; a replay answers with the first result.';

@InputType({ description: 'A machine to be registered.' })
class NodeCreateInput {
  @Field(() => String, { description: 'Unique name: lower-case letters, digits and hyphens.' })
  name!: string;
  @Field(() => String, { description: 'Name of the region.' })
  region!: string;
  @Field(() => String, { description: 'Name of the SKU it offers.' })
  sku!: string;
  @Field(() => Int, { description: 'GPUs in it.' })
  gpuCount!: number;
  @Field(() => [String], { nullable: true, description: "Images on it; all of the SKU's when not given." })
  images?: string[];
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A machine that gets a new bootstrap token.' })
class NodeBootstrapIssueInput {
  @Field(() => ID, { description: 'The machine.' })
  id!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'What an operator does with a machine.' })
class NodeOperationInput {
  @Field(() => ID, { description: 'The machine.' })
  id!: string;
  @Field(() => String, { description: 'Why, in 3 to 500 characters.' })
  reason!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Slots that become capacity.' })
class SlotApproveInput {
  @Field(() => ID, { description: 'The machine.' })
  nodeId!: string;
  @Field(() => [ID], { description: 'Its slots, at most 256.' })
  slotIds!: string[];
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Slots that leave the pool.' })
class SlotDisableInput extends SlotApproveInput {
  @Field(() => String, { description: 'Why, in 3 to 500 characters.' })
  reason!: string;
}

export interface NodeCommands {
  readonly create: ReturnType<typeof createCreateNode>;
  readonly issueBootstrap: ReturnType<typeof createIssueBootstrap>;
}

async function operate(
  name: NodeOperation,
  input: NodeOperationInput,
  context: RequestContext,
): Promise<ComputeNodePayload> {
  return context.mutate(nodeOperations[name], input, async ({ id }) => ({
    node: await resolveComputeNode({ id }, context),
  }));
}

@Resolver()
export class NodeMutations {
  readonly #commands: NodeCommands;

  constructor(commands: NodeCommands) {
    this.#commands = commands;
  }

  @Mutation(() => ComputeNodePayload, { description: 'Registers a machine and shows its bootstrap token, once.' })
  @Tag('operator')
  @Access('allocations.node.create')
  nodeCreate(
    @Arg('input', () => NodeCreateInput, { description: 'The machine.' }) input: NodeCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return context.mutate(this.#commands.create, input, async ({ id }, bootstrapToken) => ({
      node: await resolveComputeNode({ id }, context),
      bootstrapToken: bootstrapToken ?? null,
    }));
  }

  @Mutation(() => ComputeNodePayload, { description: 'Issues a new bootstrap token; the machine must be empty.' })
  @Tag('operator')
  @Access('allocations.node.issue_bootstrap')
  nodeBootstrapIssue(
    @Arg('input', () => NodeBootstrapIssueInput, { description: 'Which machine.' }) input: NodeBootstrapIssueInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return context.mutate(this.#commands.issueBootstrap, input, async ({ id }, bootstrapToken) => ({
      node: await resolveComputeNode({ id }, context),
      bootstrapToken: bootstrapToken ?? null,
    }));
  }

  @Mutation(() => ComputeNodePayload, { description: 'Places nothing new on a machine; what runs goes on.' })
  @Tag('operator')
  @Access('allocations.node.cordon')
  nodeCordon(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('cordon', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Allows new work on a machine again.' })
  @Tag('operator')
  @Access('allocations.node.uncordon')
  nodeUncordon(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('uncordon', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Begins to empty a machine for its retirement.' })
  @Tag('operator')
  @Access('allocations.node.drain')
  nodeDrain(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('drain', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Takes a machine out of service until an operator decides.' })
  @Tag('operator')
  @Access('allocations.node.quarantine')
  nodeQuarantine(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('quarantine', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Takes a quarantined machine into service again.' })
  @Tag('operator')
  @Access('allocations.node.restore')
  nodeRestore(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('restore', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Takes a drained, empty machine out of service for good.' })
  @Tag('operator')
  @Access('allocations.node.retire')
  nodeRetire(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('retire', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Removes a retired machine; its identity ends.' })
  @Tag('operator')
  @Access('allocations.node.delete')
  nodeDelete(
    @Arg('input', () => NodeOperationInput, { description: 'Which machine, and why.' }) input: NodeOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return operate('delete', input, context);
  }

  @Mutation(() => ComputeNodePayload, { description: 'Approves slots of a machine: from now on they are capacity.' })
  @Tag('operator')
  @Access('allocations.slot.approve')
  slotApprove(
    @Arg('input', () => SlotApproveInput, { description: 'Which slots.' }) input: SlotApproveInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return context.mutate(approveSlots, input, async ({ nodeId }) => ({
      node: await resolveComputeNode({ id: nodeId }, context),
    }));
  }

  @Mutation(() => ComputeNodePayload, { description: 'Takes free slots of a machine out of the pool.' })
  @Tag('operator')
  @Access('allocations.slot.disable')
  slotDisable(
    @Arg('input', () => SlotDisableInput, { description: 'Which slots, and why.' }) input: SlotDisableInput,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNodePayload> {
    return context.mutate(disableSlots, input, async ({ nodeId }) => ({
      node: await resolveComputeNode({ id: nodeId }, context),
    }));
  }
}
