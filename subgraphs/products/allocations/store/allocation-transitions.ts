import type { CommandContext } from '../../../../kernel/commands/command.js';
import { allocationEvents } from '../domain/allocation-events.js';
import { type AllocationTransition, allocationLifecycle } from '../domain/allocation-lifecycle.js';
import { ALLOCATION_COLUMNS, type AllocationRecord, projectScope } from './allocation-record.js';

const CHANGEABLE = {
  nodeId: 'node_id',
  fence: 'fence',
  connectionHost: 'connection_host',
  connectionPort: 'connection_port',
  connectionUser: 'connection_user',
  activeAt: 'active_at',
  releaseAcceptedAt: 'release_accepted_at',
  releasedAt: 'released_at',
  usageThrough: 'usage_through',
  cleanupAttempts: 'cleanup_attempts',
  cleanupDeadlineAt: 'cleanup_deadline_at',
  releaseRequestedAt: 'release_requested_at',
  releaseRequestedBy: 'release_requested_by',
  forceReleaseReason: 'force_release_reason',
  nextPlacementAt: 'next_placement_at',
  whyPending: 'why_pending',
  stateDeadlineAt: 'state_deadline_at',
} as const;

export type AllocationChange = { readonly [Column in keyof typeof CHANGEABLE]?: unknown };

function assignments(change: AllocationChange, values: unknown[]): string[] {
  return Object.entries(change).map(([property, value]) => {
    values.push(property === 'whyPending' && value !== null ? JSON.stringify(value) : value);
    return `${CHANGEABLE[property as keyof typeof CHANGEABLE]} = $${values.length}`;
  });
}

/** Changes what is not the state; `allocation` must be locked. */
export async function changeAllocation(
  context: CommandContext,
  allocation: AllocationRecord,
  change: AllocationChange,
): Promise<AllocationRecord> {
  const values: unknown[] = [allocation.id];
  const sets = [...assignments(change, values), 'version = version + 1'];
  const changed = await context.tx.row<AllocationRecord>(
    `update allocations.allocations a set ${sets.join(', ')} where id = $1 returning ${ALLOCATION_COLUMNS}`,
    values,
  );
  if (changed === null) throw new Error(`allocation ${allocation.id} vanished under its lock`);
  return changed;
}

/**
 * The only way a state changes after the creation: through the table, on a locked allocation, with its event.
 * A transition that the state does not have is a bug of the caller, who must have asked the lifecycle, and throws.
 */
export async function moveAllocation(
  context: CommandContext,
  allocation: AllocationRecord,
  transition: AllocationTransition,
  options: { reason: string | null; deadlineAt: Date | null; change?: AllocationChange },
): Promise<AllocationRecord> {
  const to = allocationLifecycle.next(allocation.state, transition);
  if (to === null) throw new Error(`allocation ${allocation.id} is ${allocation.state}: it cannot ${transition}`);
  const values: unknown[] = [allocation.id, allocation.state, to, options.reason, context.now, options.deadlineAt];
  const extra = assignments(options.change ?? {}, values);
  const sets = ['state = $3', 'state_reason = $4', 'state_changed_at = $5', 'state_deadline_at = $6', ...extra];
  const moved = await context.tx.row<AllocationRecord>(
    `update allocations.allocations a set ${sets.join(', ')}, version = version + 1
     where id = $1 and state = $2 returning ${ALLOCATION_COLUMNS}`,
    values,
  );
  if (moved === null) throw new Error(`allocation ${allocation.id} changed under its lock`);
  context.emit(allocationEvents[to], {
    subjectId: moved.id,
    scope: projectScope(moved),
    data: {
      from: allocation.state,
      to,
      reason: options.reason,
      skuName: moved.skuName,
      gpuCount: moved.gpuCount,
    },
  });
  return moved;
}
