import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { Access, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Decimal } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { budgetLoader } from '../store/budget-queries.js';
import type { createSetBudget } from '../usecases/set-budget.js';
import { Budget, BudgetPeriod, toBudget } from './budget-type.js';

@InputType({ description: 'A budget of an organization or of a project: name one of them.' })
class BudgetSetInput {
  @Field(() => ID, { nullable: true, description: 'The organization, for a budget over all its projects.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'The project, by its TypeID (`prj_…`).' })
  projectId?: string;
  @Field(() => BudgetPeriod, {
    nullable: true,
    description: 'Over what it counts; a calendar month when it is left out.',
  })
  period?: string;
  @Field(() => Decimal, { description: 'The limit in the currency of the deployment.' })
  amount!: string;
  @Field(() => [Int], {
    nullable: true,
    description: 'Percentages at which to warn, 1 to 100, ten at most; 50, 80 and 100 when they are left out.',
  })
  warnPercents?: number[];
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether holds that would exceed it are refused; not when it is left out.',
  })
  isHardStop?: boolean;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a budget.' })
@Tag('public')
class BudgetPayload extends MutationPayload {
  @Field(() => Budget, { nullable: true, description: 'The budget; null when nothing was done.' })
  budget!: Budget | null;
}

export async function resolveBudget(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Budget | null> {
  const row = await context.load(budgetLoader, String(reference['id']));
  return row === null ? null : toBudget(row);
}

@Resolver(() => Budget)
export class BudgetResolver {
  constructor(readonly setBudget: ReturnType<typeof createSetBudget>) {}

  @Mutation(() => BudgetPayload, {
    description:
      'Sets a budget, or replaces the one of the same scope and period. Nothing that was spent is forgotten.',
  })
  @Tag('public')
  @Access('billing.budget.set')
  budgetSet(
    @Arg('input', () => BudgetSetInput, { description: 'The budget.' }) input: BudgetSetInput,
    @Ctx() context: RequestContext,
  ): Promise<BudgetPayload> {
    return context.mutate(this.setBudget, input, async ({ id }) => ({ budget: await resolveBudget({ id }, context) }));
  }
}
