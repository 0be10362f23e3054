import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type RouteState = 'draft' | 'active' | 'disabled' | 'retired';
export type RouteEvent = 'activate' | 'disable' | 'retire';

/** A route serves only while it is active. Retired is for ever: its requests and charges keep naming it. */
export const routeLifecycle = defineLifecycle<RouteState, RouteEvent>('model route', 'draft', {
  draft: { activate: 'active', retire: 'retired' },
  active: { disable: 'disabled', retire: 'retired' },
  disabled: { activate: 'active', retire: 'retired' },
  retired: {},
});
