import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { Access, Cost, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { createCreateAllocation } from '../usecases/create-allocation.js';
import type { createForceCleanup } from '../usecases/force-cleanup.js';
import type { createForceRelease } from '../usecases/force-release.js';
import type { createReleaseAllocation } from '../usecases/release-allocation.js';
import type { createRetryRelease } from '../usecases/retry-release.js';
import {
  AllocationCreateInput,
  AllocationForceCleanupInput,
  AllocationForceReleaseInput,
  AllocationReleaseInput,
  AllocationReleaseRetryInput,
} from './allocation-inputs.js';
import { resolveAllocation } from './allocation-resolver.js';
import { AllocationPayload } from './allocation-type.js';

export interface AllocationCommands {
  readonly create: ReturnType<typeof createCreateAllocation>;
  readonly release: ReturnType<typeof createReleaseAllocation>;
  readonly retryRelease: ReturnType<typeof createRetryRelease>;
  readonly forceRelease: ReturnType<typeof createForceRelease>;
  readonly forceCleanup: ReturnType<typeof createForceCleanup>;
}

@Resolver()
export class AllocationMutations {
  readonly #commands: AllocationCommands;

  constructor(commands: AllocationCommands) {
    this.#commands = commands;
  }

  async #change<Result extends Json & { readonly id: string }>(
    command: Command<never, Result>,
    input: unknown,
    context: RequestContext,
  ): Promise<AllocationPayload> {
    return context.mutate(command, input, async ({ id }) => ({ allocation: await resolveAllocation({ id }, context) }));
  }

  @Mutation(() => AllocationPayload, {
    description: 'Reserves exact capacity, quota and money, and has the runtime prepared.',
  })
  @Tag('public')
  @Access('allocations.allocation.create')
  @Cost(20)
  allocationCreate(
    @Arg('input', () => AllocationCreateInput, { description: 'What is to be allocated.' })
    input: AllocationCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<AllocationPayload> {
    return this.#change(this.#commands.create as never, input, context);
  }

  @Mutation(() => AllocationPayload, {
    description: 'Releases an allocation: billing stops now; the capacity is free once cleanup is proved.',
  })
  @Tag('public')
  @Access('allocations.allocation.release')
  allocationRelease(
    @Arg('input', () => AllocationReleaseInput, { description: 'Which one.' }) input: AllocationReleaseInput,
    @Ctx() context: RequestContext,
  ): Promise<AllocationPayload> {
    return this.#change(this.#commands.release as never, input, context);
  }

  @Mutation(() => AllocationPayload, { description: 'Lets the node try to clean up again after a failed release.' })
  @Tag('public')
  @Access('allocations.allocation.retry_release')
  allocationReleaseRetry(
    @Arg('input', () => AllocationReleaseRetryInput, { description: 'Which one.' }) input: AllocationReleaseRetryInput,
    @Ctx() context: RequestContext,
  ): Promise<AllocationPayload> {
    return this.#change(this.#commands.retryRelease as never, input, context);
  }

  @Mutation(() => AllocationPayload, {
    description: 'Ends an allocation that its owner did not release. For operators.',
  })
  @Tag('operator')
  @Access('allocations.allocation.force_release')
  allocationForceRelease(
    @Arg('input', () => AllocationForceReleaseInput, { description: 'Which one, and why.' })
    input: AllocationForceReleaseInput,
    @Ctx() context: RequestContext,
  ): Promise<AllocationPayload> {
    return this.#change(this.#commands.forceRelease as never, input, context);
  }

  @Mutation(() => AllocationPayload, { description: "Settles a stuck cleanup by an operator's word." })
  @Tag('operator')
  @Access('allocations.allocation.force_cleanup')
  allocationForceCleanup(
    @Arg('input', () => AllocationForceCleanupInput, { description: 'Which one, and what was verified.' })
    input: AllocationForceCleanupInput,
    @Ctx() context: RequestContext,
  ): Promise<AllocationPayload> {
    return this.#change(this.#commands.forceCleanup as never, input, context);
  }
}
