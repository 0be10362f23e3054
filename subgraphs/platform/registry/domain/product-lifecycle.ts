import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type ProductState = 'draft' | 'onboarding' | 'active' | 'deprecated' | 'retired';
export type ProductEvent = 'onboard' | 'activate' | 'deprecate' | 'retire';
export type EntryState = 'draft' | 'active' | 'deprecated' | 'retired';

/** Where a product stands (spec section 6). A packet names the state it wants; only these ways lead there. */
export const productLifecycle = defineLifecycle<ProductState, ProductEvent>('product', 'draft', {
  draft: { onboard: 'onboarding', activate: 'active', retire: 'retired' },
  onboarding: { activate: 'active', retire: 'retired' },
  active: { deprecate: 'deprecated' },
  deprecated: { activate: 'active', retire: 'retired' },
  retired: {},
});

/** The event that leads from one state to another, or null when none does. */
export function eventBetween(from: ProductState, to: ProductState): ProductEvent | null {
  return productLifecycle.available(from).find((event) => productLifecycle.next(from, event) === to) ?? null;
}

/** A product that is not active has no active entries. */
export function entryStateOf(product: ProductState): EntryState {
  return product === 'onboarding' ? 'draft' : product;
}

/**
 * Whether what is registered counts. A deprecated product winds down: what runs is still metered, watched and released,
 * so its entries stay in force until it is retired.
 */
export function isInForce(state: ProductState | EntryState): boolean {
  return state === 'active' || state === 'deprecated';
}
