import { workItemQueued } from '../domain/apps-events.js';
import { retryDelaySeconds, secondsAfter } from '../domain/timings.js';
import { type FailureClass, afterAttempt, workItemLifecycle } from '../domain/work-item-lifecycle.js';
import type { InstanceRow, WorkItemRow } from '../store/entities.js';
import { projectScope } from '../store/instance-store.js';
import type { Work } from './apps-services.js';
import { moveInstance, setConditions } from './change-instance.js';
import { finishWork } from './queue-work.js';

export interface AttemptEnd {
  readonly instance: InstanceRow;
  readonly item: WorkItemRow;
  readonly failure: FailureClass | 'RELEASED';
  readonly message: string;
}

/** Ends an attempt that did not complete: try again, give up, or step aside for newer work. Nothing is ever deleted here. */
export async function endAttempt(work: Work, end: AttemptEnd): Promise<void> {
  const { instance, item, failure, message } = end;
  const outcome = afterAttempt(item, failure);
  instance.leasedItemId = null;
  item.observesFirst = outcome.observesFirst;
  item.leaseExpiresAt = null;
  if (failure !== 'RELEASED') Object.assign(item, { failureClass: failure, failureMessage: message });
  if (outcome.event !== 'requeue') {
    finishWork(work, item, outcome.event);
    if (outcome.event === 'bury') await stall(work, end);
    return;
  }
  const { context, services } = work;
  // Giving work back unharmed is no attempt.
  if (failure === 'RELEASED') item.attempt -= 1;
  const delay = failure === 'RELEASED' ? 0 : retryDelaySeconds(services.timings, item.attempt);
  const state = workItemLifecycle.next(item.state, 'requeue');
  if (state === null) throw new Error(`work item ${item.id} is ${item.state} and cannot be queued again`);
  Object.assign(item, {
    state,
    leaseId: null,
    leasedBy: null,
    fence: null,
    availableAt: secondsAfter(context.now, delay),
  });
  const data = { instanceId: instance.id, appSlug: item.appSlug, kind: item.kind, attempt: item.attempt };
  context.emit(workItemQueued, { subjectId: item.id, scope: projectScope(instance), data });
  const text =
    failure === 'RELEASED'
      ? 'A worker gave the work back.'
      : `Attempt ${item.attempt} of ${item.attemptsMax} failed: ${message}`;
  await setConditions(work, instance, [
    { type: 'Progressing', status: 'True', reason: failure === 'RELEASED' ? 'Queued' : 'Retrying', message: text },
  ]);
}

/** Work that nobody will try again by itself: says so, and moves the instance where its kind leads. */
async function stall(work: Work, { instance, item, failure, message }: AttemptEnd): Promise<void> {
  // Nobody knows what an uncertain attempt left behind; the state stays until its deadline, or until somebody retries.
  const isClear = failure === 'PERMANENT' || failure === 'RETRYABLE';
  const isFirstStart = item.kind === 'PROVISION' || item.action === 'start';
  if (item.kind === 'DECOMMISSION') await moveInstance(work, instance, 'give_up', message);
  else if (item.kind === 'UPDATE') await moveInstance(work, instance, 'degrade', message);
  else if (isFirstStart && isClear) await moveInstance(work, instance, 'fail', message);
  const reason = failure === 'NEEDS_OPERATOR' ? 'NeedsOperator' : 'AttemptsExhausted';
  await setConditions(work, instance, [
    { type: 'Stalled', status: 'True', reason, message: message || 'The work could not be done.' },
    {
      type: 'Progressing',
      status: 'False',
      reason: 'Stalled',
      message: `${item.kind} was given up after ${item.attempt} attempts.`,
    },
  ]);
}
