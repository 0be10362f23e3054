import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';
import { type AppsTimings, secondsAfter } from './timings.js';

export type InstanceState =
  | 'requested'
  | 'deploying'
  | 'running'
  | 'degraded'
  | 'stopped'
  | 'upgrading'
  | 'failed'
  | 'decommissioning'
  | 'decommissioned'
  | 'decommission_failed';

/** What people ask for. */
export const INSTANCE_ACTIONS = ['start', 'stop', 'restart', 'reconcile', 'repair', 'upgrade', 'decommission'] as const;
export type InstanceAction = (typeof INSTANCE_ACTIONS)[number];

/** What happens to it: reported by workers, or found by the platform. */
export type InstanceHappening = 'begin' | 'ready' | 'degrade' | 'recover' | 'halt' | 'fail' | 'remove' | 'give_up';

export type InstanceEvent = InstanceAction | InstanceHappening;

/**
 * Actions that only ask a worker for something (stop, restart, reconcile, repair) keep the state until the worker says
 * that it is done. Decommission is accepted in every state but the last: nothing is ever impossible to remove.
 */
export const instanceLifecycle = defineLifecycle<InstanceState, InstanceEvent>('app instance', 'requested', {
  requested: { begin: 'deploying', fail: 'failed', decommission: 'decommissioning' },
  deploying: { ready: 'running', degrade: 'degraded', fail: 'failed', decommission: 'decommissioning' },
  running: {
    stop: 'running',
    restart: 'running',
    reconcile: 'running',
    repair: 'running',
    upgrade: 'upgrading',
    degrade: 'degraded',
    halt: 'stopped',
    decommission: 'decommissioning',
  },
  degraded: {
    stop: 'degraded',
    restart: 'degraded',
    reconcile: 'degraded',
    repair: 'degraded',
    upgrade: 'upgrading',
    recover: 'running',
    halt: 'stopped',
    decommission: 'decommissioning',
  },
  stopped: { start: 'deploying', decommission: 'decommissioning' },
  upgrading: { ready: 'running', degrade: 'degraded', decommission: 'decommissioning' },
  failed: { start: 'deploying', decommission: 'decommissioning' },
  decommissioning: { remove: 'decommissioned', give_up: 'decommission_failed' },
  decommission_failed: { decommission: 'decommissioning', remove: 'decommissioned' },
  decommissioned: {},
});

/**
 * What a caller can do now. A restart takes a whole cluster down, so cluster apps do not offer it: they offer
 * `reconcile` (not destructive) and `repair` instead (spec section 14).
 */
export function availableActions(instance: { state: InstanceState; isCluster: boolean }): InstanceAction[] {
  const events = new Set<string>(instanceLifecycle.available(instance.state));
  return INSTANCE_ACTIONS.filter((action) => events.has(action) && isOffered(action, instance.isCluster));
}

export function isOffered(action: InstanceAction, isCluster: boolean): boolean {
  if (action === 'restart') return !isCluster;
  return action === 'repair' ? isCluster : true;
}

/** The deadline of a state, or null for one that may last. A failed removal keeps the deadline it had. */
export function deadlineOf(state: InstanceState, now: Date, timings: AppsTimings): Date | null {
  const seconds: Partial<Record<InstanceState, number>> = {
    requested: timings.requestedSeconds,
    deploying: timings.deployingSeconds,
    upgrading: timings.upgradingSeconds,
    decommissioning: timings.decommissioningSeconds,
  };
  const limit = seconds[state];
  return limit === undefined ? null : secondsAfter(now, limit);
}

/** Usage counts while it runs and its owner wants it to. */
export function isMetered(instance: {
  state: InstanceState;
  desiredState: string;
  priceSnapshotId: string | null;
}): boolean {
  const isRunning = instance.state === 'running' || instance.state === 'degraded' || instance.state === 'upgrading';
  return isRunning && instance.desiredState === 'running' && instance.priceSnapshotId !== null;
}

/** What must go, in this order, before an instance is gone (design: finalizers). */
export const FINALIZERS = ['routes', 'members', 'app', 'credentials', 'allocation'] as const;
/** Only a worker can confirm these. */
export const WORKER_FINALIZERS: readonly string[] = ['members', 'app'];
