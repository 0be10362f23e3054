import type { PolicyDefinition, QuotaDimension, RegisteredPermission, UsageUnit } from '../contract.js';
import type { EntryFamily } from './declared-entries.js';
import { type ProductState, isInForce } from './product-lifecycle.js';

export interface SnapshotEntry {
  readonly family: EntryFamily;
  readonly key: string;
  readonly productId: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** Everything that is in force at one revision, in memory. Unknown answers null or false: callers fail closed. */
export class RegistrySnapshot {
  static readonly empty = new RegistrySnapshot(-1n, [], []);

  readonly permissions: readonly RegisteredPermission[];
  readonly policyDefinitions: readonly PolicyDefinition[];
  readonly quotaDimensions: readonly QuotaDimension[];
  readonly #permissionIds: ReadonlySet<string>;
  readonly #eventTypes: ReadonlySet<string>;
  readonly #products: ReadonlySet<string>;
  readonly #units: ReadonlyMap<string, UsageUnit>;
  readonly #policies: ReadonlyMap<string, PolicyDefinition>;
  readonly #dimensions: ReadonlyMap<string, QuotaDimension>;

  /** `entries` are those in force only. */
  constructor(
    readonly revision: bigint,
    products: readonly { productId: string; lifecycle: ProductState }[],
    entries: readonly SnapshotEntry[],
  ) {
    const of = (family: EntryFamily): SnapshotEntry[] => entries.filter((entry) => entry.family === family);
    this.permissions = of('permission').map((entry) => entry.definition as unknown as RegisteredPermission);
    this.policyDefinitions = of('policy_key').map((entry) => entry.definition as unknown as PolicyDefinition);
    this.#policies = new Map(this.policyDefinitions.map((policy) => [policy.key, policy]));
    this.#dimensions = new Map(
      of('quota_dimension').map((entry) => [entry.key, entry.definition as unknown as QuotaDimension]),
    );
    this.quotaDimensions = [...this.#dimensions.values()];
    this.#permissionIds = new Set(this.permissions.map((permission) => permission.id));
    this.#eventTypes = new Set(of('event_type').map((entry) => entry.key));
    this.#products = new Set(
      products.filter((product) => isInForce(product.lifecycle)).map((product) => product.productId),
    );
    this.#units = usageUnits(of('usage_unit'));
  }

  isPermission(id: string): boolean {
    return this.#permissionIds.has(id);
  }

  isEventType(id: string): boolean {
    return this.#eventTypes.has(id);
  }

  isActiveProduct(productId: string): boolean {
    return this.#products.has(productId);
  }

  usageUnit(id: string): UsageUnit | null {
    return this.#units.get(id) ?? null;
  }

  policyDefinition(key: string): PolicyDefinition | null {
    return this.#policies.get(key) ?? null;
  }

  quotaDimension(id: string): QuotaDimension | null {
    return this.#dimensions.get(id) ?? null;
  }
}

function usageUnits(entries: readonly SnapshotEntry[]): Map<string, UsageUnit> {
  const units = new Map<string, UsageUnit>();
  for (const { key, productId, definition } of entries) {
    const productIds = [...(units.get(key)?.productIds ?? []), productId];
    units.set(key, {
      id: key,
      base: String(definition['base']),
      basePerUnit: BigInt(definition['basePerUnit'] as number),
      productIds,
    });
  }
  return units;
}
