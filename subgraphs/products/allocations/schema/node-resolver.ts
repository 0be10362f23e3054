import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import type { NodeState } from '../domain/node-lifecycle.js';
import { listAllocations } from '../store/allocation-queries.js';
import { regionLoader, skuLoader } from '../store/catalogue-queries.js';
import { NODE_READ, listNodes, nodeLoader, slotsOfNodeLoader, tasksOfNodeLoader } from '../store/node-queries.js';
import { AllocationPageArgs } from './allocation-inputs.js';
import { Allocation, AllocationConnection, toAllocation } from './allocation-type.js';
import { Region, Sku, toRegion, toSku } from './catalogue-types.js';
import { ComputeNode, ComputeNodeConnection, NodeEvent, NodeTask, Slot, toComputeNode } from './node-type.js';
import { ComputeNodeStateEnum } from './node-enums.js';

const PAGE = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};
const TYPES = ['allocations.node.', 'allocations.slot.'];

@ArgsType()
class ComputeNodesArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only those in this region.' })
  regionId?: string;
  @Field(() => ID, { nullable: true, description: 'Only those that offer this SKU.' })
  skuId?: string;
  @Field(() => ComputeNodeStateEnum, { nullable: true, description: 'Only those in this state.' })
  state?: NodeState;
}

export async function resolveComputeNode(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<ComputeNode | null> {
  const record = await context.load(nodeLoader, String(reference['id']));
  return record === null ? null : toComputeNode(record);
}

@Resolver(() => ComputeNode)
export class ComputeNodeResolver {
  @Query(() => ComputeNodeConnection, { description: 'Machines, in the order they were registered.' })
  @Tag('operator')
  @Access(NODE_READ)
  @ListSize(PAGE)
  async computeNodes(
    @Args(() => ComputeNodesArgs) args: ComputeNodesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ComputeNode>> {
    return toConnection(await listNodes(context, args), toComputeNode);
  }

  @Query(() => ComputeNode, { nullable: true, description: 'One machine.' })
  @Tag('operator')
  @Access(NODE_READ)
  async computeNode(
    @Arg('id', () => ID, { description: 'The machine.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ComputeNode | null> {
    await context.require(NODE_READ, PLATFORM_SCOPE);
    return resolveComputeNode({ id }, context);
  }

  @FieldResolver(() => Region, { nullable: true, description: 'Where it is.' })
  async region(@Root() { record }: ComputeNode, @Ctx() context: RequestContext): Promise<Region | null> {
    const row = await context.load(regionLoader, record.regionId);
    return row === null ? null : toRegion(row);
  }

  @FieldResolver(() => Sku, { nullable: true, description: 'The SKU it offers.' })
  async sku(@Root() { record }: ComputeNode, @Ctx() context: RequestContext): Promise<Sku | null> {
    const row = await context.load(skuLoader, record.skuId);
    return row === null ? null : toSku(row);
  }

  @FieldResolver(() => [Slot], { description: 'Its slots by number, at most 256.' })
  @ListSize({ assumedSize: 8 })
  async slots(@Root() { record }: ComputeNode, @Ctx() context: RequestContext): Promise<Slot[]> {
    return [...((await context.load(slotsOfNodeLoader, record.id)) ?? [])];
  }

  @FieldResolver(() => [NodeTask], { description: 'Its 50 newest tasks, newest first.' })
  @ListSize({ assumedSize: 50 })
  async tasks(@Root() { record }: ComputeNode, @Ctx() context: RequestContext): Promise<NodeTask[]> {
    return [...((await context.load(tasksOfNodeLoader, record.id)) ?? [])];
  }

  @FieldResolver(() => AllocationConnection, { description: 'Allocations that are or were on it, newest first.' })
  @ListSize(PAGE)
  async allocations(
    @Root() { record }: ComputeNode,
    @Args(() => AllocationPageArgs) args: AllocationPageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Allocation>> {
    return toConnection(await listAllocations(context, args, { nodeId: record.id }), toAllocation);
  }
}

@Resolver(() => NodeEvent)
export class NodeEventResolver {
  @Subscription(() => NodeEvent, {
    description: 'Streams what happens to machines and slots, from after a cursor or from now on. For operators.',
    subscribe: ({ args, context }) => {
      const { after } = args as { after?: string };
      const filter = { types: TYPES };
      return domainEvents(
        (context as RequestContext).stream({ permission: NODE_READ, scope: PLATFORM_SCOPE, filter, after }),
      );
    },
  })
  @Tag('operator')
  nodeEvents(
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): NodeEvent {
    return event as NodeEvent;
  }

  @Query(() => [NodeEvent], { name: 'nodeEvents', description: 'The same events as history, oldest first.' })
  @Tag('operator')
  @Access(NODE_READ)
  @ListSize({ slicingArguments: ['first'], assumedSize: 50, requireOneSlicingArgument: false })
  async nodeHistory(
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<NodeEvent[]> {
    await context.require(NODE_READ, PLATFORM_SCOPE);
    return pastEvents(context, { types: TYPES }, { after, first });
  }

  @FieldResolver(() => ComputeNode, { nullable: true })
  async subject(@Root() event: NodeEvent, @Ctx() context: RequestContext): Promise<ComputeNode | null> {
    return event.subjectId === null ? null : resolveComputeNode({ id: event.subjectId }, context);
  }
}
