import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { AllocationState } from '../domain/allocation-lifecycle.js';
import { AllocationStateEnum } from './allocation-enums.js';

const KEY = 'One per logical mutation; a replay answers with the first result.';

@ArgsType()
export class AllocationPageArgs extends PageArgs {
  @Field(() => [AllocationStateEnum], { nullable: true, description: 'Only allocations in one of these states.' })
  states?: AllocationState[];
}

@ArgsType()
export class AllocationsArgs extends AllocationPageArgs {
  @Field(() => ID, { nullable: true, description: 'Only those of this organization.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'Only those of this project.' })
  projectId?: string;
}

@InputType({ description: 'What is to be allocated.' })
export class AllocationPlanInput {
  @Field(() => ID, { description: 'The project that will hold it and be charged.' })
  projectId!: string;
  @Field(() => String, { description: 'Name of the SKU.' })
  sku!: string;
  @Field(() => String, { description: 'Name of the region.' })
  region!: string;
  @Field(() => Int, { description: "How many GPUs; one of the SKU's `allowedGpuCounts`." })
  gpuCount!: number;
  @Field(() => String, { nullable: true, description: "The image; the SKU's first one when not given." })
  image?: string;
}

@InputType({ description: 'What is to be allocated, and how.' })
export class AllocationCreateInput extends AllocationPlanInput {
  @Field(() => [ID], { nullable: true, description: 'SSH keys that may sign in, at most 20.' })
  sshKeyIds?: string[];
  @Field(() => Boolean, {
    nullable: true,
    description: 'Wait for capacity instead of being refused when there is none now.',
  })
  waitForCapacity?: boolean;
  @Field(() => Int, { nullable: true, description: 'How long to wait at most, in seconds: 1 to 86400, default 3600.' })
  waitSeconds?: number;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Which allocation to release.' })
export class AllocationReleaseInput {
  @Field(() => ID, { description: 'The allocation.' })
  id!: string;
  @Field(() => String, { nullable: true, description: 'Why, for those who read it later.' })
  reason?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Which failed release to try again.' })
export class AllocationReleaseRetryInput {
  @Field(() => ID, { description: 'The allocation.' })
  id!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'An allocation that an operator ends.' })
export class AllocationForceReleaseInput {
  @Field(() => ID, { description: 'The allocation.' })
  id!: string;
  @Field(() => String, { description: 'Why, in 3 to 500 characters.' })
  reason!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A cleanup that an operator settles by their own word.' })
export class AllocationForceCleanupInput {
  @Field(() => ID, { description: 'The allocation.' })
  id!: string;
  @Field(() => Boolean, {
    description:
      'Whether it was verified that nothing runs on the machine: true frees the slots, false keeps them blocked.',
  })
  isRuntimeVerifiedAbsent!: boolean;
  @Field(() => String, { description: 'How it was verified, or why not, in 3 to 500 characters.' })
  reason!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}
