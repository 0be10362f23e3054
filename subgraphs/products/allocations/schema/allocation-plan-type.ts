import { Field, ObjectType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { Money, toMoney } from '../../../../kernel/graphql/shared-types.js';
import type { WhyPending as WhyPendingTree } from '../domain/why-pending.js';
import { costNanos } from '../store/allocation-record.js';
import type { AllocationPlanAnswer } from '../usecases/plan-allocation.js';
import { WhyPending } from './allocation-type.js';

@ObjectType({ description: 'What `allocationCreate` would answer now. Nothing is reserved by asking.' })
@Tag('public')
export class AllocationPlan {
  @Field(() => Boolean, { description: 'Whether it would be accepted and placed at once.' })
  isPossible!: boolean;
  @Field(() => WhyPending, { nullable: true, description: 'What stands against it; null when nothing does.' })
  whyPending!: WhyPendingTree | null;
  @Field(() => Money, { description: 'Price of one unit.' })
  unitPrice!: Money;
  @Field(() => String, { description: 'The unit that is charged, such as `gpu_hour`.' })
  unit!: string;
  @Field(() => Money, { description: 'What must be available at the launch: the cost of the first usage window.' })
  held!: Money;
}

export function toAllocationPlan(answer: AllocationPlanAnswer): AllocationPlan {
  const { terms } = answer;
  return {
    isPossible: answer.isPossible,
    whyPending: answer.whyPending,
    unitPrice: toMoney(costNanos(terms, BigInt(terms.basePerUnit)), terms.currency),
    unit: terms.unit,
    held: toMoney(answer.heldNanos, terms.currency),
  };
}
