import { z } from 'zod';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { lateReportKept } from '../domain/apps-events.js';
import type { InstanceRow, WorkItemRow } from '../store/entities.js';
import { lockWorkItem, projectScope, serverClock } from '../store/instance-store.js';
import type { Work } from './apps-services.js';

/** What every write of a worker carries: the lease it holds and the fence it got with it. */
export const leaseClaim = {
  workItemId: z.string(),
  leaseId: z.string().max(64),
  fence: z.int().min(1),
};

export interface LeaseClaim {
  readonly workItemId: string;
  readonly leaseId: string;
  readonly fence: number;
}

/** At most so many late writes are kept of one work item: a worker gone mad must not fill the disk. */
const LATE_REPORTS_MAX = 20;

export interface HeldLease {
  readonly isHeld: true;
  readonly instance: InstanceRow;
  readonly item: WorkItemRow;
  /** The database's clock. */
  readonly now: Date;
}

export interface LostLease {
  readonly isHeld: false;
  readonly instance: InstanceRow | null;
  readonly item: WorkItemRow | null;
}

/** Locks the instance and judges a claim by lease, fence, holder, state and the server's clock. */
export async function judgeLease(work: Work, claim: LeaseClaim): Promise<HeldLease | LostLease> {
  const { tx, actor } = work.context;
  const found = await lockWorkItem(tx, claim.workItemId);
  if (found === null) return { isHeld: false, instance: null, item: null };
  const { instance, item } = found;
  const now = await serverClock(tx);
  const isHeld =
    item.state === 'leased' &&
    item.leaseId === claim.leaseId &&
    item.fence === claim.fence &&
    instance.fence === claim.fence &&
    instance.leasedItemId === item.id &&
    item.leasedBy === actor.id &&
    item.leaseExpiresAt !== null &&
    item.leaseExpiresAt.getTime() > now.getTime();
  return isHeld ? { isHeld, instance, item, now } : { isHeld: false, instance, item };
}

/** What a worker's write answers: small, since the pipeline keeps it. */
export interface WriteResult {
  readonly [key: string]: string | boolean | null;
  readonly workItemId: string;
  /** False when the lease was lost: nothing was applied, and the write is kept as evidence. */
  readonly isApplied: boolean;
  readonly lateReportId: string | null;
}

export function applied(workItemId: string): WriteResult {
  return { workItemId, isApplied: true, lateReportId: null };
}

/**
 * Keeps a late write as evidence and applies nothing of it. Answered as accepted, since a refusal would undo the evidence; the
 * resolver tells the caller STALE_FENCE.
 */
export async function keepLateReport(
  work: Work,
  late: {
    claim: LeaseClaim;
    instance: InstanceRow;
    item: WorkItemRow;
    verb: string;
    body: Readonly<Record<string, unknown>>;
  },
): Promise<WriteResult> {
  const { context } = work;
  const { claim, instance, item, verb } = late;
  const id = newId('late');
  const count = await context.tx.execute(
    `insert into apps.late_reports (id, organization_id, instance_id, work_item_id, verb, lease_id, fence, current_fence, body, reported_by, received_at)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 where (select count(*) from apps.late_reports where work_item_id = $4) < $12`,
    [
      id,
      instance.organizationId,
      instance.id,
      item.id,
      verb,
      claim.leaseId,
      claim.fence,
      instance.fence,
      JSON.stringify(late.body),
      context.actor.id,
      context.now,
      LATE_REPORTS_MAX,
    ],
  );
  const data = { instanceId: instance.id, lateReportId: id, verb, fence: claim.fence, currentFence: instance.fence };
  if (count === 1) context.emit(lateReportKept, { subjectId: item.id, scope: projectScope(item), data });
  context.describe(
    { type: 'AppWorkItem', id: item.id },
    { code: 'STALE_FENCE', verb, fence: claim.fence, currentFence: instance.fence },
  );
  return { workItemId: item.id, isApplied: false, lateReportId: count === 1 ? id : null };
}
