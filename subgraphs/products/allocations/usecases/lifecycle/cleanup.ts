import type { CommandContext } from '../../../../../kernel/commands/command.js';
import type { TaskDraft } from '../../store/task-store.js';
import { slotChanged } from '../../domain/node-events.js';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { type AllocationServices, secondsAfter } from '../../services.js';
import type { AllocationRecord } from '../../store/allocation-record.js';
import { changeAllocation, moveAllocation } from '../../store/allocation-transitions.js';
import { type LiveClaims, closeClaims, liveClaims, markSlots } from '../../store/claim-store.js';
import { queueTask, supersedeTasks } from '../../store/task-store.js';

/** The user that owns an allocation on the machine. */
export const RUNTIME_USER = 'tenant';

/** Orders the node to clean up, under a new fence: whatever is still under way for this allocation is overtaken. */
export async function orderCleanup(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
): Promise<AllocationRecord> {
  const claims = await liveClaims(context.tx, allocation.id);
  if (claims === null) throw new Error(`allocation ${allocation.id} holds nothing to clean up`);
  await markSlots(context.tx, allocation.id, { status: 'cleaning', reason: null, now: context.now });
  const { fence, deadline } = await queueCleanup(context, services, allocation, claims);
  return changeAllocation(context, allocation, {
    fence,
    cleanupAttempts: allocation.cleanupAttempts + 1,
    cleanupDeadlineAt: deadline,
    ...(allocation.state === 'releasing' ? { stateDeadlineAt: deadline } : {}),
  });
}

/**
 * Tells the node to remove an allocation that an operator declared absent: an order that it had in hand but not begun
 * would bring it up on capacity that is free by now. Nothing waits for the answer.
 */
export async function orderTombstone(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
): Promise<AllocationRecord> {
  const claims = await liveClaims(context.tx, allocation.id);
  if (claims === null) return allocation;
  const { fence } = await queueCleanup(context, services, allocation, claims);
  return changeAllocation(context, allocation, { fence });
}

async function queueCleanup(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  claims: LiveClaims,
): Promise<{ fence: bigint; deadline: Date }> {
  const deadline = secondsAfter(context.now, services.timing.cleanupSeconds);
  const fence = allocation.fence + 1n;
  const node = await context.tx.row<{ epoch: bigint }>('select epoch from allocations.nodes where id = $1', [
    claims.nodeId,
  ]);
  await supersedeTasks(context.tx, allocation.id, fence);
  await queueTask(context, services.signer, {
    ...cleanupWork(allocation, claims),
    nodeId: claims.nodeId,
    epoch: node?.epoch ?? 0n,
    fence,
    expiresAt: deadline,
    owner: { allocationId: allocation.id, organizationId: allocation.organizationId },
  });
  return { fence, deadline };
}

function cleanupWork(
  allocation: AllocationRecord,
  claims: LiveClaims,
):
  | Pick<TaskDraft<'slice.vm_release'>, 'type' | 'params'>
  | Pick<TaskDraft<'allocation.deprovision_user'>, 'type' | 'params'> {
  if (allocation.skuSnapshot.schedulingUnit === 'node') {
    return { type: 'allocation.deprovision_user', params: { allocationId: allocation.id, user: RUNTIME_USER } };
  }
  const slots = claims.slots.map(({ slotIndex, gpuPciAddress, fabricVfPciAddress, numaNode }) => ({
    slotIndex,
    gpuPciAddress,
    fabricVfPciAddress,
    numaNode,
  }));
  return { type: 'slice.vm_release', params: { allocationId: allocation.id, slots } };
}

/** Cleanup is proved: the only way capacity returns. */
export async function completeCleanup(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  proof: { outcome: 'cleaned' | 'verified_absent'; reason: string | null },
): Promise<AllocationRecord> {
  // The node before the quota, as a launch does: two orders would be a deadlock.
  await closeClaims(context.tx, allocation.id, { outcome: proof.outcome, now: context.now });
  await services.iam.quotas.release(context.tx, allocation.id);
  if (allocation.state !== 'releasing') return changeAllocation(context, allocation, { cleanupDeadlineAt: null });
  return moveAllocation(context, allocation, 'confirm_cleanup', {
    reason: proof.reason,
    deadlineAt: null,
    change: { releasedAt: context.now, cleanupDeadlineAt: null },
  });
}

/**
 * A cleanup attempt failed or ran out of time: tries again under a new fence, and after the last attempt blocks the
 * slots. They stay blocked until a retry or an operator's word; the customer pays nothing and has the quota back.
 */
export async function cleanupAttemptFailed(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  reason: string,
): Promise<AllocationRecord> {
  if (allocation.cleanupAttempts < services.timing.cleanupAttemptsMax)
    return orderCleanup(context, services, allocation);
  return blockCleanup(context, services, allocation, reason);
}

/** Gives up cleaning by itself: `releasing` becomes `release_failed`; a failed allocation stays failed, with blocked slots. */
export async function blockCleanup(
  context: CommandContext,
  services: AllocationServices,
  allocation: AllocationRecord,
  reason: string,
): Promise<AllocationRecord> {
  await services.iam.quotas.release(context.tx, allocation.id);
  await markSlots(context.tx, allocation.id, { status: 'cleanup_blocked', reason, now: context.now });
  const claims = await liveClaims(context.tx, allocation.id);
  context.emit(slotChanged, {
    subjectId: allocation.nodeId ?? '',
    scope: PLATFORM_SCOPE,
    data: { slotIds: (claims?.slots ?? []).map((slot) => slot.id), status: 'cleanup_blocked', reason },
  });
  if (allocation.state !== 'releasing') return changeAllocation(context, allocation, { cleanupDeadlineAt: null });
  return moveAllocation(context, allocation, 'fail_release', {
    reason,
    deadlineAt: null,
    change: { cleanupDeadlineAt: null },
  });
}
