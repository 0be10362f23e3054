import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type NodeState =
  | 'bootstrap_issued'
  | 'enrolling'
  | 'active'
  | 'offline'
  | 'quarantined'
  | 'draining'
  | 'retired'
  | 'removing'
  | 'deleted';

export type NodeTransition =
  | 'enroll'
  | 'activate'
  | 'lose'
  | 'recover'
  | 'quarantine'
  | 'restore'
  | 'drain'
  | 'retire'
  | 'remove'
  | 'delete'
  | 'reissue';

/**
 * Spec section 11; only `active` schedules. `reissue` is ours: a machine that was reimaged gets a new bootstrap token,
 * a new key and a higher epoch, and it may only while nothing is on it.
 */
export const nodeLifecycle = defineLifecycle<NodeState, NodeTransition>('node', 'bootstrap_issued', {
  bootstrap_issued: { enroll: 'enrolling', remove: 'removing' },
  enrolling: { activate: 'active', quarantine: 'quarantined' },
  active: { lose: 'offline', quarantine: 'quarantined', drain: 'draining' },
  offline: { recover: 'active', quarantine: 'quarantined', drain: 'draining', reissue: 'bootstrap_issued' },
  quarantined: { restore: 'active', drain: 'draining', reissue: 'bootstrap_issued' },
  draining: { retire: 'retired', lose: 'offline' },
  retired: { remove: 'removing', reissue: 'bootstrap_issued' },
  removing: { delete: 'deleted' },
  deleted: {},
});

export type Scheduling = 'ELIGIBLE' | 'CORDONED' | 'DRAINING';
export type Health = 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY' | 'UNKNOWN';
export type Connectivity = 'CONNECTED' | 'STALE' | 'LOST';

/** When the two signs of life of a node were last seen, in seconds before now. */
export interface SignsOfLife {
  readonly heartbeatAgeSeconds: number;
  readonly pollAgeSeconds: number;
}

export interface ConnectivityThresholds {
  readonly staleSeconds: number;
  readonly lostSeconds: number;
}

/** One silent signal makes a node stale; it is lost only when both are silent: a slow handler must not cost a machine. */
export function connectivityOf(signs: SignsOfLife, thresholds: ConnectivityThresholds): Connectivity {
  const { heartbeatAgeSeconds, pollAgeSeconds } = signs;
  if (Math.min(heartbeatAgeSeconds, pollAgeSeconds) > thresholds.lostSeconds) return 'LOST';
  return Math.max(heartbeatAgeSeconds, pollAgeSeconds) > thresholds.staleSeconds ? 'STALE' : 'CONNECTED';
}
