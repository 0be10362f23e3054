import { describe, expect, it } from 'vitest';
import { actionsFor, allocationLifecycle } from './allocation-lifecycle.js';
import { connectivityOf, nodeLifecycle } from './node-lifecycle.js';

describe('the lifecycle of an allocation', () => {
  it('has exactly the transitions of the specification', () => {
    const edges = allocationLifecycle.states.flatMap((state) =>
      allocationLifecycle
        .available(state)
        .map((event) => `${state} ${event} ${allocationLifecycle.next(state, event)}`),
    );
    expect(edges).toEqual([
      'requested place provisioning',
      'requested fail failed',
      'provisioning activate active',
      'provisioning fail failed',
      'active release releasing',
      'releasing confirm_cleanup released',
      'releasing fail_release release_failed',
      'release_failed retry_release releasing',
    ]);
    expect(allocationLifecycle.states.filter((state) => allocationLifecycle.isTerminal(state))).toEqual([
      'released',
      'failed',
    ]);
  });

  it('shows tenants what is theirs, and operators the rest', () => {
    const of = (state: Parameters<typeof actionsFor>[0]['state'], more = {}) => ({
      state,
      isReleaseRequested: false,
      isCleanupBlocked: false,
      ...more,
    });
    expect(actionsFor(of('active'), false)).toEqual(['release']);
    expect(actionsFor(of('active', { isReleaseRequested: true }), false)).toEqual([]);
    expect(actionsFor(of('release_failed'), false)).toEqual(['retry_release']);
    expect(actionsFor(of('release_failed'), true)).toEqual(['retry_release', 'force_cleanup']);
    expect(actionsFor(of('failed'), true)).toEqual([]);
    expect(actionsFor(of('failed', { isCleanupBlocked: true }), true)).toEqual(['force_cleanup']);
  });
});

describe('the lifecycle of a node', () => {
  it('reaches service only through enrolment, recovery or an operator', () => {
    const ways = nodeLifecycle.states.flatMap((state) =>
      nodeLifecycle.available(state).filter((event) => nodeLifecycle.next(state, event) === 'active'),
    );
    expect(ways).toEqual(['activate', 'recover', 'restore']);
    expect(nodeLifecycle.isTerminal('deleted')).toBe(true);
  });

  it('loses a node only when both signals are silent', () => {
    const thresholds = { staleSeconds: 12, lostSeconds: 25 };
    const after = (heartbeatAgeSeconds: number, pollAgeSeconds: number): string =>
      connectivityOf({ heartbeatAgeSeconds, pollAgeSeconds }, thresholds);
    expect([
      after(1, 1),
      after(13, 1),
      after(1, 13),
      after(60, 1),
      after(1, 60),
      after(26, 26),
      after(Infinity, Infinity),
    ]).toEqual(['CONNECTED', 'STALE', 'STALE', 'STALE', 'STALE', 'LOST', 'LOST']);
  });
});
