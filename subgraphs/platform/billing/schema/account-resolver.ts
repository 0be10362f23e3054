import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  registerEnumType,
} from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Loader, type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { DateTime, Decimal } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { isTypeId } from '../../../../kernel/identifiers/type-id.js';
import { budgetsOfScopeLoader } from '../store/budget-queries.js';
import { READ_ACCOUNT } from '../store/ledger-queries.js';
import type { createGrantCredit } from '../usecases/grant-credit.js';
import { type BalanceDependencies, organizationScope, readBalances } from '../usecases/read-balance.js';
import { organizationOfAccount } from '../usecases/billing-account-id.js';
import type { createTopUpAccount } from '../usecases/top-up-account.js';
import { BillingAccount, toBillingAccount } from './account-type.js';
import { Budget, toBudget } from './budget-type.js';
import { resolveTransfer } from './ledger-resolver.js';
import { LedgerTransfer } from './ledger-type.js';
import { OrganizationStub } from './stubs.js';

enum TopUpSource {
  OPERATOR = 'operator',
  PAYMENT = 'payment',
}
registerEnumType(TopUpSource, {
  name: 'TopUpSource',
  description: 'Where money comes from.',
  valuesConfig: {
    OPERATOR: { description: 'An operator, by hand.' },
    PAYMENT: { description: 'A payment: names its event, and lies within the deposit limits.' },
  },
});

@InputType({ description: 'Money that comes in.' })
class CreditTopUpInput {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => Decimal, { description: 'How much, in the currency of the deployment; above zero.' })
  amount!: string;
  @Field(() => TopUpSource, { nullable: true, description: 'Where it comes from; an operator when it is left out.' })
  source?: string;
  @Field(() => String, {
    nullable: true,
    description:
      'The payment event or voucher: it is credited once, however often it is delivered. Needed for payments.',
  })
  reference?: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@InputType({ description: 'Credit that nobody paid for.' })
class CreditGrantInput {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => Decimal, { description: 'How much; above zero.' })
  amount!: string;
  @Field(() => Int, { nullable: true, description: 'Lower ones are used first, 0 to 100; 50 when it is left out.' })
  priority?: number;
  @Field(() => DateTime, { nullable: true, description: 'When what is left of it is gone; never when it is left out.' })
  expiresAt?: Date;
  @Field(() => String, { description: 'Why.' })
  reason!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a billing account.' })
@Tag('operator')
class BillingAccountPayload extends MutationPayload {
  @Field(() => BillingAccount, {
    nullable: true,
    description: 'The account; null when nothing was done, or the caller may not read it.',
  })
  billingAccount!: BillingAccount | null;
  @Field(() => LedgerTransfer, { nullable: true, description: 'The transfer that credited it.' })
  ledgerTransfer!: LedgerTransfer | null;
}

export type AccountLoader = Loader<string, BillingAccount>;

/** Accounts by organization; null where the caller may not read. All balances are one statement. */
export function createAccountLoader(deps: BalanceDependencies): AccountLoader {
  return defineLoader('billing.account', async (context, organizationIds) => {
    const visible = await Promise.all(
      organizationIds.map(async (id) => isTypeId(id, 'org') && context.can(READ_ACCOUNT, organizationScope(id))),
    );
    const readable = organizationIds.filter((_id, index) => visible[index]);
    if (readable.length === 0) return organizationIds.map(() => null);
    const balances = await context.read((tx) => readBalances(deps, tx, readable));
    return organizationIds.map((id) => {
      const balance = balances.get(id);
      return balance === undefined ? null : toBillingAccount(id, balance);
    });
  });
}

@Resolver(() => BillingAccount)
export class AccountResolver {
  constructor(
    readonly accounts: AccountLoader,
    readonly commands: { topUp: ReturnType<typeof createTopUpAccount>; grant: ReturnType<typeof createGrantCredit> },
  ) {}

  resolve = (reference: { readonly [key: string]: unknown }, context: RequestContext): Promise<BillingAccount | null> =>
    context.load(this.accounts, organizationOfAccount(String(reference['id'])));

  @Query(() => BillingAccount, {
    nullable: true,
    description: 'The account of an organization; null when the caller may not read it.',
  })
  @Tag('public')
  @Access(READ_ACCOUNT)
  async billingAccount(
    @Arg('organizationId', () => ID, { description: 'The organization, by its TypeID (`org_…`).' })
    organizationId: string,
    @Ctx() context: RequestContext,
  ): Promise<BillingAccount | null> {
    context.requireSignIn();
    return context.load(this.accounts, organizationId);
  }

  @Mutation(() => BillingAccountPayload, {
    description: 'Credits money to an account. What is owed is paid first; nothing that was released restarts.',
  })
  @Tag('operator')
  @Access('billing.account.top_up')
  creditTopUp(
    @Arg('input', () => CreditTopUpInput, { description: 'The money.' }) input: CreditTopUpInput,
    @Ctx() context: RequestContext,
  ): Promise<BillingAccountPayload> {
    return context.mutate(this.commands.topUp, input, (value) => this.#credited(value, context));
  }

  @Mutation(() => BillingAccountPayload, { description: 'Grants credit, which is used before paid money.' })
  @Tag('operator')
  @Access('billing.credit.grant')
  creditGrant(
    @Arg('input', () => CreditGrantInput, { description: 'The credit.' }) input: CreditGrantInput,
    @Ctx() context: RequestContext,
  ): Promise<BillingAccountPayload> {
    return context.mutate(this.commands.grant, input, (value) => this.#credited(value, context));
  }

  async #credited(value: { organizationId: string; transferId: string }, context: RequestContext) {
    const billingAccount = await context.load(this.accounts, value.organizationId);
    return { billingAccount, ledgerTransfer: await resolveTransfer({ id: value.transferId }, context) };
  }

  @FieldResolver(() => [Budget], { description: 'Budgets of the whole organization: one a period kind at most.' })
  @ListSize({ assumedSize: 2 })
  async budgets(@Root() account: BillingAccount, @Ctx() context: RequestContext): Promise<Budget[]> {
    return ((await context.load(budgetsOfScopeLoader, account.organizationId)) ?? []).map(toBudget);
  }
}

@Resolver(() => OrganizationStub)
export class OrganizationAccountResolver {
  constructor(readonly accounts: AccountLoader) {}

  @FieldResolver(() => BillingAccount, {
    nullable: true,
    description: 'The account that its usage is paid from; null when the caller may not read it.',
  })
  billingAccount(
    @Root() organization: OrganizationStub,
    @Ctx() context: RequestContext,
  ): Promise<BillingAccount | null> {
    return context.load(this.accounts, organization.id);
  }
}
