import type { SeededCapacity } from '../../subgraphs/products/allocations/index.js';
import { seedModels } from '../../subgraphs/products/token-factory/index.js';
import type { Runtime } from '../runtime.js';

/** The reference price book: nano-units of the currency for one hour, of a GPU or of a machine without any. */
const SKU_PRICES = [
  ['h200-sxm-slice', 'gpu_hour', 4_500_000_000n],
  ['h200', 'gpu_hour', 4_200_000_000n],
  ['h100', 'gpu_hour', 3_200_000_000n],
  ['mi300x', 'gpu_hour', 2_900_000_000n],
  ['mi210x', 'gpu_hour', 1_400_000_000n],
  ['cs-3', 'gpu_hour', 60_000_000_000n],
  ['cs-4', 'gpu_hour', 90_000_000_000n],
  ['compute-vm-small', 'node_hour', 80_000_000n],
  ['compute-vm-medium', 'node_hour', 160_000_000n],
] as const;

/** For one hour of a running app instance: its overhead in the control plane; the GPUs are charged by the allocation. */
const APP_HOUR_NANOS = 20_000_000n;

export interface ReferenceData extends SeededCapacity {
  /** Ids of the built-in models by slug. */
  readonly modelIds: Readonly<Record<string, string>>;
}

/** Reference SKUs and capacity, price book, app catalogue and built-in models. Only what is missing is made. */
export async function seedReferenceData(runtime: Runtime): Promise<ReferenceData> {
  const { domains, kernel } = runtime;
  const capacity = await domains.allocations.seedReferenceCapacity();
  const models = await seedModels(kernel, { secrets: domains.iam.secrets });
  const { slugs } = await domains.apps.seedCatalogue();
  await domains.billing.seedPriceBook([
    ...SKU_PRICES.map(([sku, unit, unitPriceNanos]) => ({ priceKey: `sku:${sku}`, unit, unitPriceNanos })),
    ...slugs.map((slug) => ({ priceKey: `app:${slug}`, unit: 'app_runtime_hour', unitPriceNanos: APP_HOUR_NANOS })),
    ...models.prices,
  ]);
  return { ...capacity, modelIds: models.models };
}
