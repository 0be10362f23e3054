import { Args, ArgsType, Ctx, Field, FieldResolver, Resolver, Root } from 'type-graphql';
import { ListSize } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import type { Directory } from '../../iam/index.js';
import { budgetsOfScopeLoader } from '../store/budget-queries.js';
import { type ChargesOf, chargesKey, chargesLoader } from '../store/ledger-queries.js';
import { type SpendOf, snapshotOfResourceLoader, spendKey, spendLoader } from '../store/spend-queries.js';
import { READ_USAGE } from '../store/usage-queries.js';
import { Budget, toBudget } from './budget-type.js';
import { LedgerTransfer, LedgerTransferConnection, toTransfer } from './ledger-type.js';
import { resolveSnapshot } from './price-resolver.js';
import { PriceSnapshot } from './price-type.js';
import { Spend, toSpend } from './spend-type.js';
import { AllocationStub, AppInstanceStub, ModelRouteStub, ProjectStub } from './stubs.js';

@ArgsType()
class SpendArgs {
  @Field(() => DateTime, { nullable: true, description: 'Only usage whose window ended after this.' })
  from?: Date;
  @Field(() => DateTime, { nullable: true, description: 'Only usage whose window ended at or before this.' })
  to?: Date;
}

const LIST = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};

async function spendOf(context: RequestContext, of: SpendOf, id: string, range: SpendArgs): Promise<Spend | null> {
  const rows = await context.load(spendLoader, spendKey(of, id, range));
  return rows === null ? null : toSpend(rows);
}

async function chargesOf(
  context: RequestContext,
  of: ChargesOf,
  id: string,
  page: PageArgs,
): Promise<Connection<LedgerTransfer> | null> {
  const rows = await context.load(chargesLoader, chargesKey(of, id, page));
  return rows === null ? null : toConnection(rows, toTransfer);
}

@Resolver(() => ProjectStub)
export class ProjectSpendResolver {
  constructor(readonly directory: Directory) {}

  @FieldResolver(() => Spend, {
    nullable: true,
    description: 'What the project spent, by product and unit; null when the caller may not read it.',
  })
  async spend(
    @Root() project: ProjectStub,
    @Args(() => SpendArgs) range: SpendArgs,
    @Ctx() context: RequestContext,
  ): Promise<Spend | null> {
    const place = await this.directory.project(project.id);
    if (place === null || !(await context.can(READ_USAGE, place.scope))) return null;
    return (await spendOf(context, 'project', project.id, range)) ?? toSpend([]);
  }

  @FieldResolver(() => [Budget], { description: 'Budgets of the project: one a period kind at most.' })
  @ListSize({ assumedSize: 2 })
  async budgets(@Root() project: ProjectStub, @Ctx() context: RequestContext): Promise<Budget[]> {
    return ((await context.load(budgetsOfScopeLoader, project.id)) ?? []).map(toBudget);
  }
}

@Resolver(() => AllocationStub)
export class AllocationSpendResolver {
  @FieldResolver(() => PriceSnapshot, { nullable: true, description: 'The price it was launched under, frozen.' })
  async price(@Root() allocation: AllocationStub, @Ctx() context: RequestContext): Promise<PriceSnapshot | null> {
    const id = await context.load(snapshotOfResourceLoader, allocation.id);
    return id === null ? null : resolveSnapshot({ id }, context);
  }

  @FieldResolver(() => Spend, {
    nullable: true,
    description: 'What it and what runs on it spent until now; null when billing knows nothing of it.',
  })
  spend(
    @Root() allocation: AllocationStub,
    @Args(() => SpendArgs) range: SpendArgs,
    @Ctx() context: RequestContext,
  ): Promise<Spend | null> {
    return spendOf(context, 'allocation', allocation.id, range);
  }

  @FieldResolver(() => LedgerTransferConnection, {
    nullable: true,
    description: 'Ledger lines of its usage, newest first; null when there are none.',
  })
  @ListSize(LIST)
  charges(
    @Root() allocation: AllocationStub,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<LedgerTransfer> | null> {
    return chargesOf(context, 'allocation', allocation.id, page);
  }
}

@Resolver(() => AppInstanceStub)
export class AppInstanceSpendResolver {
  @FieldResolver(() => Spend, {
    nullable: true,
    description: 'What it spent until now; null when billing knows nothing of it.',
  })
  spend(
    @Root() instance: AppInstanceStub,
    @Args(() => SpendArgs) range: SpendArgs,
    @Ctx() context: RequestContext,
  ): Promise<Spend | null> {
    return spendOf(context, 'appInstance', instance.id, range);
  }

  @FieldResolver(() => LedgerTransferConnection, {
    nullable: true,
    description: 'Ledger lines of its usage, newest first; null when there are none.',
  })
  @ListSize(LIST)
  charges(
    @Root() instance: AppInstanceStub,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<LedgerTransfer> | null> {
    return chargesOf(context, 'appInstance', instance.id, page);
  }
}

@Resolver(() => ModelRouteStub)
export class ModelRouteSpendResolver {
  @FieldResolver(() => Spend, {
    nullable: true,
    description: 'What requests on the route cost until now; null when billing knows nothing of it.',
  })
  spend(
    @Root() route: ModelRouteStub,
    @Args(() => SpendArgs) range: SpendArgs,
    @Ctx() context: RequestContext,
  ): Promise<Spend | null> {
    return spendOf(context, 'modelRoute', route.id, range);
  }
}
