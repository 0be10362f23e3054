import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
  createUnionType,
} from 'type-graphql';
import type { Scope } from '../../../../kernel/access/authority.js';
import type { EventFilter } from '../../../../kernel/events/event-feed.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import { Money } from '../../../../kernel/graphql/shared-types.js';
import { CURRENCY } from '../domain/price.js';
import { READ_ACCOUNT } from '../store/ledger-queries.js';
import { READ_USAGE } from '../store/usage-queries.js';
import { organizationScope } from '../usecases/read-balance.js';
import { organizationOfAccount } from '../usecases/billing-account-id.js';
import type { AccountLoader } from './account-resolver.js';
import { BillingAccount } from './account-type.js';
import { resolveBudget } from './budget-resolver.js';
import { Budget } from './budget-type.js';
import { resolveTransfer } from './ledger-resolver.js';
import { LedgerTransfer } from './ledger-type.js';
import { resolveUsageRecord } from './usage-resolver.js';
import { UsageRecord } from './usage-type.js';

const TYPES = ['billing.usage.', 'billing.balance.', 'billing.hold.', 'billing.budget.', 'billing.transfer.'];

type Subject = UsageRecord | BillingAccount | Budget | LedgerTransfer;

const SUBJECT_TYPES: Readonly<Record<string, string>> = {
  usg: 'UsageRecord',
  bac: 'BillingAccount',
  bdg: 'Budget',
  ltr: 'LedgerTransfer',
};

const SpendSubject = createUnionType({
  name: 'SpendSubject',
  description: 'What an event of the stream of spend is about.',
  types: () => [UsageRecord, BillingAccount, Budget, LedgerTransfer] as const,
  resolveType: (subject: Subject) => SUBJECT_TYPES[subject.id.slice(0, 3)],
});

@ObjectType({ description: 'Something that cost, came in, or changed what may be spent.' })
@Tag('public')
export class SpendEvent extends DomainEvent {
  @Field(() => SpendSubject, { nullable: true, description: 'What it is about, as it is now.' })
  subject!: Subject | null;
}

@ArgsType()
class SpendEventsArgs {
  @Field(() => ID, {
    description: 'The organization. Without a project, the caller must hold `billing.account.read` on it.',
  })
  organizationId!: string;
  @Field(() => ID, {
    nullable: true,
    description:
      "Only events of this project; the caller must hold `billing.usage.read` on it. Balances are the organization's and not among them.",
  })
  projectId?: string;
  @Field(() => Cursor, { nullable: true, description: 'The last cursor seen: continue after it.' })
  after?: string;
}

interface StreamPlace {
  readonly permission: string;
  readonly scope: Scope;
  readonly filter: EventFilter;
}

/**
 * Where a stream reads and what it takes to. The filter holds the organization and the project, so naming a project
 * under an organization that it is not of finds nothing.
 */
export function placeOf({
  organizationId,
  projectId,
}: {
  organizationId: string;
  projectId?: string | null | undefined;
}): StreamPlace {
  if (projectId == null)
    return {
      permission: READ_ACCOUNT,
      scope: organizationScope(organizationId),
      filter: { types: TYPES, organizationId },
    };
  const scope: Scope = { level: 'project', id: projectId, organizationId };
  return { permission: READ_USAGE, scope, filter: { types: TYPES, organizationId, projectId } };
}

@Resolver(() => SpendEvent)
export class SpendEventResolver {
  constructor(readonly accounts: AccountLoader) {}

  @Subscription(() => SpendEvent, {
    description:
      'Streams what costs, what comes in and how balances and budgets move, from after a cursor or from now on.',
    subscribe: ({ args, context }) =>
      domainEvents(
        (context as RequestContext).stream({
          ...placeOf(args as SpendEventsArgs),
          after: (args as SpendEventsArgs).after,
        }),
      ),
  })
  @Tag('public')
  spendEvents(@Args(() => SpendEventsArgs) _args: SpendEventsArgs, @Root() event: DomainEvent): SpendEvent {
    return event as SpendEvent;
  }

  @Query(() => [SpendEvent], { name: 'spendEvents', description: 'The same events as history, oldest first.' })
  @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
  @Tag('public')
  @Access(READ_USAGE)
  async spendHistory(
    @Args(() => SpendEventsArgs) args: SpendEventsArgs,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<SpendEvent[]> {
    const { permission, scope, filter } = placeOf(args);
    await context.require(permission, scope);
    return pastEvents(context, filter, { after: args.after, first });
  }

  @FieldResolver(() => SpendSubject, { nullable: true })
  async subject(@Root() event: SpendEvent, @Ctx() context: RequestContext): Promise<Subject | null> {
    const id = event.subjectId;
    if (id === null) return null;
    if (event.subjectType === 'UsageRecord') return resolveUsageRecord({ id }, context);
    if (event.subjectType === 'Budget') return resolveBudget({ id }, context);
    if (event.subjectType === 'LedgerTransfer') return resolveTransfer({ id }, context);
    return context.load(this.accounts, organizationOfAccount(id));
  }

  @FieldResolver(() => Money, {
    nullable: true,
    description: 'How much it is about: the cost, the credit, the hold, the budget.',
  })
  amount(@Root() event: SpendEvent): Money | null {
    const amount = event.data['amount'];
    return typeof amount === 'string' ? ({ amount, currency: CURRENCY } as Money) : null;
  }

  @FieldResolver(() => Money, {
    nullable: true,
    description:
      "The account's balance right after it, for those who may read the account; null where it did not move.",
  })
  async balance(@Root() event: SpendEvent, @Ctx() context: RequestContext): Promise<Money | null> {
    const { balance } = event.data;
    if (typeof balance === 'string') return { amount: balance, currency: CURRENCY } as Money;
    if (event.subjectType !== 'UsageRecord' || event.subjectId === null) return null;
    const usage = await resolveUsageRecord({ id: event.subjectId }, context);
    if (usage === null || !(await context.can(READ_ACCOUNT, organizationScope(usage.organizationId)))) return null;
    return usage.balanceAfter;
  }
}
