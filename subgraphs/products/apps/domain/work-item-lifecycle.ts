import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export const WORK_KINDS = ['PROVISION', 'UPDATE', 'ACTION', 'DECOMMISSION'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

export const FAILURE_CLASSES = ['RETRYABLE', 'PERMANENT', 'NEEDS_OPERATOR', 'UNCERTAIN'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

export type WorkItemState = 'queued' | 'leased' | 'completed' | 'dead' | 'cancelled' | 'superseded';
export type WorkItemEvent = 'lease' | 'complete' | 'requeue' | 'bury' | 'cancel' | 'supersede' | 'retry';

/** At least once delivered, at most one accepted outcome. `dead` waits for a person; everything else ends or goes on. */
export const workItemLifecycle = defineLifecycle<WorkItemState, WorkItemEvent>('work item', 'queued', {
  queued: { lease: 'leased', bury: 'dead', cancel: 'cancelled', supersede: 'superseded' },
  leased: { complete: 'completed', requeue: 'queued', bury: 'dead', cancel: 'cancelled', supersede: 'superseded' },
  dead: { retry: 'queued', cancel: 'cancelled', supersede: 'superseded' },
  completed: {},
  cancelled: {},
  superseded: {},
});

/** What tells the holder of a lease to stop: its instance is to be removed, or a newer generation replaced its work. */
export type StopSignal = 'CANCEL' | 'SUPERSEDED';

/** What a failed or lapsed attempt leads to. */
export interface AttemptOutcome {
  readonly event: Extract<WorkItemEvent, 'requeue' | 'bury' | 'cancel' | 'supersede'>;
  /** The next attempt must look at what is there before it acts. */
  readonly observesFirst: boolean;
}

/**
 * Decides what follows an attempt that did not complete. Nobody knows what an UNCERTAIN one left behind (a lapsed lease
 * is one too), so the next looks first; it never leads to a deletion.
 */
export function afterAttempt(
  item: { attempt: number; attemptsMax: number; observesFirst: boolean; stopSignal: StopSignal | null },
  failure: FailureClass | 'RELEASED',
): AttemptOutcome {
  const observesFirst = item.observesFirst || failure === 'UNCERTAIN';
  if (item.stopSignal !== null) return { event: item.stopSignal === 'CANCEL' ? 'cancel' : 'supersede', observesFirst };
  if (failure === 'RELEASED') return { event: 'requeue', observesFirst };
  const isOver = failure === 'PERMANENT' || failure === 'NEEDS_OPERATOR' || item.attempt >= item.attemptsMax;
  return { event: isOver ? 'bury' : 'requeue', observesFirst };
}
