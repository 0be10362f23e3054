import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type BundleState = 'open' | 'sealed' | 'superseded';
export type BundleEvent = 'seal' | 'supersede';

/** Items are added while a bundle is open; a sealed one never changes; a newer bundle may take the place of either. */
export const bundleLifecycle = defineLifecycle<BundleState, BundleEvent>('evidence bundle', 'open', {
  open: { seal: 'sealed', supersede: 'superseded' },
  sealed: { supersede: 'superseded' },
  superseded: {},
});
