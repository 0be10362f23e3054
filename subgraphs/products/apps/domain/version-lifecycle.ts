import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type VersionState = 'draft' | 'staged' | 'canary' | 'active' | 'retired';
export type VersionEvent = 'stage' | 'canary' | 'activate' | 'retire';

/** How a version is published. Retiring one ends new use only: what runs on it goes on. */
export const versionLifecycle = defineLifecycle<VersionState, VersionEvent>('app version', 'draft', {
  draft: { stage: 'staged', retire: 'retired' },
  staged: { canary: 'canary', retire: 'retired' },
  canary: { activate: 'active', retire: 'retired' },
  active: { retire: 'retired' },
  retired: {},
});
