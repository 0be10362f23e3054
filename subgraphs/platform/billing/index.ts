import { migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import type { Billing } from './contract.js';
import { BudgetEntity, PriceEntity, PriceSnapshotEntity } from './store/billing-entities.js';
import { SnapshotCache } from './store/snapshot-cache.js';
import { type BillingDependencies, createBillingCommands, createBillingSubgraph } from './subgraph.js';
import { createPrices } from './usecases/freeze-prices.js';
import { createHolds } from './usecases/hold-money.js';
import { readBalance } from './usecases/read-balance.js';
import { createUsage } from './usecases/record-usage.js';
import { seedPriceBook } from './usecases/seed-price-book.js';
import { CURRENCY } from './domain/price.js';

export type * from './contract.js';

export const billingDefinition: DomainDefinition = {
  name: 'billing',
  migrations: migrationsOf('billing', 'subgraphs', 'platform', 'billing'),
  entities: [PriceEntity, PriceSnapshotEntity, BudgetEntity],
};

export function createBilling(dependencies: BillingDependencies): Billing {
  const clock = dependencies.clock ?? (() => new Date());
  const deps = { ...dependencies, clock };
  const commands = createBillingCommands(deps);
  const snapshots = new SnapshotCache();
  return {
    subgraph: createBillingSubgraph(deps, commands),
    prices: createPrices({ snapshots, clock }),
    holds: createHolds({ clock }),
    usage: createUsage({ registry: deps.registry, snapshots, clock }),
    async balance(tx, organizationId) {
      const { postedNanos, heldNanos, assessment } = await readBalance(
        { policies: deps.iam.policies, clock },
        tx,
        organizationId,
      );
      return {
        postedNanos,
        heldNanos,
        availableNanos: postedNanos - heldNanos,
        currency: CURRENCY,
        state: assessment.state,
      };
    },
    seedPriceBook: (prices) => seedPriceBook(deps.kernel, commands.setPrice, prices),
  };
}
