import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { Access, Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { type AllocationAction, actionsFor } from '../domain/allocation-lifecycle.js';
import type { AllocationServices } from '../services.js';
import { allocationLoader, listAllocations } from '../store/allocation-queries.js';
import { regionLoader, skuLoader } from '../store/catalogue-queries.js';
import { NODE_READ, nodeLoader } from '../store/node-queries.js';
import { planAllocation } from '../usecases/plan-allocation.js';
import { AllocationActionEnum } from './allocation-enums.js';
import { AllocationPageArgs, AllocationPlanInput, AllocationsArgs } from './allocation-inputs.js';
import { AllocationPlan, toAllocationPlan } from './allocation-plan-type.js';
import { Allocation, AllocationConnection, ProjectStub, SshKeyStub, toAllocation } from './allocation-type.js';
import { Region, Sku, toRegion, toSku } from './catalogue-types.js';
import { ComputeNode, toComputeNode } from './node-type.js';

const PAGE = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};

export async function resolveAllocation(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Allocation | null> {
  const record = await context.load(allocationLoader, String(reference['id']));
  return record === null ? null : toAllocation(record);
}

@Resolver(() => Allocation)
export class AllocationResolver {
  readonly #services: AllocationServices;

  constructor(services: AllocationServices) {
    this.#services = services;
  }

  @Query(() => AllocationConnection, { description: 'Allocations that you may see, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async allocations(
    @Args(() => AllocationsArgs) args: AllocationsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Allocation>> {
    context.requireSignIn();
    return toConnection(await listAllocations(context, args), toAllocation);
  }

  @Query(() => Allocation, { nullable: true, description: 'One allocation; null when there is none that you may see.' })
  @Tag('public')
  async allocation(
    @Arg('id', () => ID, { description: 'The allocation.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<Allocation | null> {
    context.requireSignIn();
    return resolveAllocation({ id }, context);
  }

  @Query(() => AllocationPlan, { description: 'What `allocationCreate` would answer, before anything is spent.' })
  @Tag('public')
  @Access('allocations.allocation.create')
  @Cost(20)
  async allocationPlan(
    @Arg('input', () => AllocationPlanInput, { description: 'What would be allocated.' }) input: AllocationPlanInput,
    @Ctx() context: RequestContext,
  ): Promise<AllocationPlan> {
    const project = await this.#services.iam.directory.project(input.projectId);
    if (project === null) throw new PlatformError('NOT_FOUND', 'The thing that was named does not exist.');
    await context.require('allocations.allocation.create', project.scope);
    const outcome = await planAllocation(this.#services, context.actor, project, input);
    if (outcome.ok) return toAllocationPlan(outcome.value);
    const [refusal] = outcome.refusals;
    throw new PlatformError('BAD_USER_INPUT', refusal?.message ?? 'refused', {
      reason: refusal?.code,
      field: refusal?.field,
    });
  }

  @FieldResolver(() => [AllocationActionEnum], { description: 'What can be done with it now, given the right to.' })
  async availableActions(
    @Root() { record }: Allocation,
    @Ctx() context: RequestContext,
  ): Promise<readonly AllocationAction[]> {
    const { state, isCleanupBlocked } = record;
    const isOperator = await context.can('allocations.allocation.force_cleanup', PLATFORM_SCOPE);
    return actionsFor({ state, isCleanupBlocked, isReleaseRequested: record.releaseRequestedAt !== null }, isOperator);
  }

  @FieldResolver(() => Sku, {
    nullable: true,
    description: 'The SKU, as the catalogue has it now; the allocation keeps the terms of its launch.',
  })
  async sku(@Root() { record }: Allocation, @Ctx() context: RequestContext): Promise<Sku | null> {
    const row = await context.load(skuLoader, record.skuId);
    return row === null ? null : toSku(row);
  }

  @FieldResolver(() => Region, { nullable: true, description: 'Where it is.' })
  async region(@Root() { record }: Allocation, @Ctx() context: RequestContext): Promise<Region | null> {
    const row = await context.load(regionLoader, record.regionId);
    return row === null ? null : toRegion(row);
  }

  @FieldResolver(() => ComputeNode, {
    nullable: true,
    description: 'The machine it is on. For operators; null for anyone else.',
  })
  @Tag('operator')
  @Access(NODE_READ)
  async node(@Root() { record }: Allocation, @Ctx() context: RequestContext): Promise<ComputeNode | null> {
    const row = record.nodeId === null ? null : await context.load(nodeLoader, record.nodeId);
    return row === null ? null : toComputeNode(row);
  }

  @FieldResolver(() => ProjectStub, { nullable: true, description: 'The project that holds it and is charged.' })
  project(@Root() { record }: Allocation): ProjectStub {
    return { id: record.projectId };
  }

  @FieldResolver(() => [SshKeyStub], { nullable: true, description: 'The SSH keys that may sign in.' })
  @ListSize({ assumedSize: 10 })
  sshKeys(@Root() { record }: Allocation): SshKeyStub[] {
    return record.sshKeyIds.map((id) => ({ id }));
  }
}

@Resolver(() => ProjectStub)
export class ProjectAllocationsResolver {
  @FieldResolver(() => AllocationConnection, {
    nullable: true,
    description: 'Its allocations that you may see, newest first.',
  })
  @ListSize(PAGE)
  async allocations(
    @Root() project: ProjectStub,
    @Args(() => AllocationPageArgs) args: AllocationPageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Allocation>> {
    return toConnection(await listAllocations(context, args, { projectId: project.id }), toAllocation);
  }
}
