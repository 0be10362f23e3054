import type { Configuration } from '../../../kernel/configuration/configuration.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Iam } from '../iam/index.js';
import type { Registry } from '../registry/index.js';
import { billingEvents } from './domain/billing-events.js';
import { billingJobs } from './jobs/billing-jobs.js';
import { AccountResolver, OrganizationAccountResolver, createAccountLoader } from './schema/account-resolver.js';
import { BudgetResolver, resolveBudget } from './schema/budget-resolver.js';
import { LedgerResolver, resolveTransfer } from './schema/ledger-resolver.js';
import {
  PriceBookResolver,
  PriceResolver,
  resolvePrice,
  resolvePriceBook,
  resolveSnapshot,
} from './schema/price-resolver.js';
import { SpendEventResolver } from './schema/spend-event.js';
import {
  AllocationSpendResolver,
  AppInstanceSpendResolver,
  ModelRouteSpendResolver,
  ProjectSpendResolver,
} from './schema/spend-resolver.js';
import { AllocationStub, AppInstanceStub, ModelRouteStub, OrganizationStub, ProjectStub } from './schema/stubs.js';
import { UsageResolver, resolveUsageRecord } from './schema/usage-resolver.js';
import { createAssessBalance } from './usecases/assess-balance.js';
import { createCorrectTransfer } from './usecases/correct-transfer.js';
import { expireCredit } from './usecases/expire-credit.js';
import { expireHold } from './usecases/expire-hold.js';
import { createGrantCredit } from './usecases/grant-credit.js';
import { createSetBudget } from './usecases/set-budget.js';
import { createSetPrice } from './usecases/set-price.js';
import { createTopUpAccount } from './usecases/top-up-account.js';
import { warnOfBudget } from './usecases/warn-of-budget.js';

export interface BillingDependencies {
  readonly kernel: Kernel;
  readonly iam: Pick<Iam, 'directory' | 'policies'>;
  readonly registry: Pick<Registry, 'usageUnit' | 'isActiveProduct' | 'reportHealth'>;
  readonly configuration: Configuration;
  /** The present moment; tests move it. */
  readonly clock?: () => Date;
}

export type BillingCommands = ReturnType<typeof createBillingCommands>;

export function createBillingCommands(deps: BillingDependencies & { clock: () => Date }) {
  const { directory, policies } = deps.iam;
  const balance = { policies, clock: deps.clock };
  return {
    setPrice: createSetPrice({ registry: deps.registry, directory }),
    topUpAccount: createTopUpAccount({ ...balance, directory }),
    grantCredit: createGrantCredit({ ...balance, directory }),
    setBudget: createSetBudget({ directory }),
    assessBalance: createAssessBalance(balance),
    correctTransfer: createCorrectTransfer(balance),
    expireHold,
    expireCredit,
    warnOfBudget,
  };
}

export function createBillingSubgraph(
  deps: BillingDependencies & { clock: () => Date },
  commands: BillingCommands,
): Subgraph {
  const { directory, policies } = deps.iam;
  const { clock } = deps;
  const accounts = createAccountLoader({ policies, clock });
  const accountResolver = new AccountResolver(accounts, { topUp: commands.topUpAccount, grant: commands.grantCredit });
  const stub = (reference: { readonly [key: string]: unknown }) => ({ id: String(reference['id']) });
  return {
    name: 'billing',
    resolvers: [
      accountResolver,
      new OrganizationAccountResolver(accounts),
      new PriceResolver(commands.setPrice),
      new PriceBookResolver(),
      new UsageResolver(),
      new LedgerResolver(commands.correctTransfer),
      new BudgetResolver(commands.setBudget),
      new ProjectSpendResolver(directory),
      new AllocationSpendResolver(),
      new AppInstanceSpendResolver(),
      new ModelRouteSpendResolver(),
      new SpendEventResolver(accounts),
    ],
    references: {
      BillingAccount: accountResolver.resolve,
      Price: resolvePrice,
      PriceBook: resolvePriceBook,
      PriceSnapshot: resolveSnapshot,
      UsageRecord: resolveUsageRecord,
      LedgerTransfer: resolveTransfer,
      Budget: resolveBudget,
      Organization: stub,
      Project: stub,
      Allocation: stub,
      AppInstance: stub,
      ModelRoute: stub,
    },
    orphanedTypes: [OrganizationStub, ProjectStub, AllocationStub, AppInstanceStub, ModelRouteStub],
    commands: Object.values(commands),
    events: billingEvents,
    jobs: billingJobs({
      kernel: deps.kernel,
      registry: deps.registry,
      policies,
      clock,
      assessBalance: commands.assessBalance,
    }),
    consumers: [],
  };
}
