import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type AllocationState =
  | 'requested'
  | 'provisioning'
  | 'active'
  | 'releasing'
  | 'released'
  | 'failed'
  | 'release_failed';

export type AllocationTransition =
  | 'place'
  | 'fail'
  | 'activate'
  | 'release'
  | 'confirm_cleanup'
  | 'fail_release'
  | 'retry_release';

/**
 * Spec section 11. Billing stops when a release is accepted (`release`); capacity returns only with `confirm_cleanup`.
 * A release that is asked for while provisioning is an intent: it is acted upon as soon as the node has answered.
 */
export const allocationLifecycle = defineLifecycle<AllocationState, AllocationTransition>('allocation', 'requested', {
  requested: { place: 'provisioning', fail: 'failed' },
  provisioning: { activate: 'active', fail: 'failed' },
  active: { release: 'releasing' },
  releasing: { confirm_cleanup: 'released', fail_release: 'release_failed' },
  release_failed: { retry_release: 'releasing' },
  released: {},
  failed: {},
});

/** What a person may do with an allocation, given the right to. */
export type AllocationAction = 'release' | 'retry_release' | 'force_cleanup';

const ACTIONS: Readonly<Record<AllocationState, readonly AllocationAction[]>> = {
  requested: ['release'],
  provisioning: ['release', 'force_cleanup'],
  active: ['release'],
  releasing: ['force_cleanup'],
  release_failed: ['retry_release', 'force_cleanup'],
  released: [],
  failed: [],
};

/** `force_cleanup` is an operator's; tenants are shown what is theirs. */
export function actionsFor(
  allocation: { state: AllocationState; isReleaseRequested: boolean; isCleanupBlocked: boolean },
  isOperator: boolean,
): readonly AllocationAction[] {
  const actions = [...ACTIONS[allocation.state]];
  if (allocation.state === 'failed' && allocation.isCleanupBlocked) actions.push('force_cleanup');
  return actions.filter(
    (action) => (isOperator || action !== 'force_cleanup') && !(action === 'release' && allocation.isReleaseRequested),
  );
}
