import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import type { CommandContext } from '../../../../kernel/commands/command.js';
import { nodeStateChanged } from '../domain/node-events.js';
import { type NodeTransition, nodeLifecycle } from '../domain/node-lifecycle.js';
import { ComputeNodeEntity, type ComputeNodeRow } from './entities.js';

/** Locks a node for a change; null when it does not exist. */
export async function lockNode(context: CommandContext, id: string): Promise<ComputeNodeRow | null> {
  // The unit of work reads it after the lock is held, so it is the newest version.
  const locked = await context.tx.rows('select from allocations.nodes where id = $1 for no key update', [id]);
  return locked.length === 0 ? null : context.tx.em.findOne(ComputeNodeEntity, { id });
}

/** The only way the state of a node changes after its creation. Asking for what the state does not have is a bug. */
export function moveNode(
  context: CommandContext,
  node: ComputeNodeRow,
  transition: NodeTransition,
  options: { reason: string | null; deadlineAt?: Date | null },
): void {
  const from = node.state;
  const to = nodeLifecycle.next(from, transition);
  if (to === null) throw new Error(`node ${node.id} is ${from}: it cannot ${transition}`);
  node.state = to;
  node.stateReason = options.reason;
  node.stateChangedAt = context.now;
  node.stateDeadlineAt = options.deadlineAt ?? null;
  context.emit(nodeStateChanged, {
    subjectId: node.id,
    scope: PLATFORM_SCOPE,
    data: { from, to, reason: options.reason },
  });
}

/** How many claims of any organization are live on a node. */
export async function liveClaimsOnNode(context: CommandContext, nodeId: string): Promise<number> {
  const row = await context.tx.row<{ count: bigint }>(
    'select count(*) from allocations.resource_claims where node_id = $1 and released_at is null',
    [nodeId],
  );
  return Number(row?.count ?? 0n);
}
