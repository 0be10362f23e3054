import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import type { PolicyInForce } from '../../../../platform/iam/index.js';
import { type Requester, countLive } from './check-request.js';

export const CONCURRENCY_POLICY = 'allocation.max_concurrent_per_user';

/** Below the limit by this much, what is under way for one requester at once cannot exceed it: no lock is needed. */
const SAFE_DISTANCE = 256;

export interface PolicyQuestion extends Requester {
  readonly policy: PolicyInForce;
  /** How many live allocations the requester has, at a glance. */
  readonly live: number;
}

type PolicySnapshot = Readonly<Record<string, string | number | boolean>>;

/**
 * Refuses with POLICY_DENIED when allocations are denied here, with LIMIT_REACHED when the requester has too many. Near
 * the limit the requester is locked, in one order for all, and counted again. Null where the answer depends on what
 * becomes of another question of the same requester before it.
 */
export async function checkPolicies(
  tx: Transaction,
  questions: readonly PolicyQuestion[],
): Promise<(Outcome<PolicySnapshot> | null)[]> {
  const before = questions.map((question, index) => questions.slice(0, index).filter(isSame(question)).length);
  const near = questions.flatMap((question, index) => {
    const { policy, live } = question;
    const isNear = live + (before[index] ?? 0) + SAFE_DISTANCE >= Number(policy.value);
    return isNear && !policy.isDenied ? [{ question, index }] : [];
  });
  const counts = await countLocked(
    tx,
    near.map(({ question }) => question),
  );
  const exact = new Map(near.map(({ index }, at) => [index, counts[at] ?? 0]));
  return questions.map(({ policy, live }, index) => {
    if (policy.isDenied) return denied(policy);
    const limit = Number(policy.value);
    const count = exact.get(index) ?? live;
    if (count + (before[index] ?? 0) < limit) return accept({ [CONCURRENCY_POLICY]: limit });
    return count < limit ? null : reached(count, limit);
  });
}

function isSame(one: Requester): (other: Requester) => boolean {
  return (other) => other.requesterId === one.requesterId && other.organizationId === one.organizationId;
}

async function countLocked(tx: Transaction, requesters: readonly Requester[]): Promise<readonly number[]> {
  if (requesters.length === 0) return [];
  const names = [...new Set(requesters.map(({ requesterId }) => `allocations of ${requesterId}`))].sort();
  const lock = 'select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest($1::text[]) name';
  const [, counts] = await Promise.all([
    tx.prepared('allocations.lock_requesters', lock, [names]),
    countLive(tx, requesters),
  ]);
  return counts;
}

function denied(policy: PolicyInForce): Outcome<never> {
  const source = { level: policy.source.level, id: policy.source.id };
  return refuse('POLICY_DENIED', 'A policy of this project or above forbids allocations.', {
    details: { policy: CONCURRENCY_POLICY, source },
  });
}

function reached(live: number, limit: number): Outcome<never> {
  return refuse('LIMIT_REACHED', `You have ${live} allocations, and ${limit} are allowed at once. Release one first.`, {
    details: { policy: CONCURRENCY_POLICY, limit, live },
  });
}
