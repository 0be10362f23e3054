import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type Command, type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { nodeSchedulingChanged } from '../domain/node-events.js';
import { type NodeTransition, type Scheduling, nodeLifecycle } from '../domain/node-lifecycle.js';
import type { ComputeNodeRow } from '../store/entities.js';
import { liveClaimsOnNode, lockNode, moveNode } from '../store/node-transitions.js';

const input = z.object({
  id: z.string(),
  reason: z.string().trim().min(3, 'must say why, in at least 3 characters').max(500),
  idempotencyKey,
});

interface Operation {
  /** Transitions of the state, one after the other; none when only scheduling changes. */
  readonly transitions: readonly NodeTransition[];
  readonly scheduling?: Scheduling;
  /** True when nothing may hold the node any more. */
  readonly needsEmptyNode?: boolean;
}

/** What operators do with nodes. What runs there goes on, unless the operation needs an empty node. */
const OPERATIONS = {
  cordon: { transitions: [], scheduling: 'CORDONED' },
  uncordon: { transitions: [], scheduling: 'ELIGIBLE' },
  drain: { transitions: ['drain'], scheduling: 'DRAINING' },
  quarantine: { transitions: ['quarantine'], scheduling: 'CORDONED' },
  restore: { transitions: ['restore'], scheduling: 'ELIGIBLE' },
  retire: { transitions: ['retire'], needsEmptyNode: true },
  delete: { transitions: ['remove', 'delete'], needsEmptyNode: true },
} as const satisfies Readonly<Record<string, Operation>>;

export type NodeOperation = keyof typeof OPERATIONS;

type NodeCommand = Command<typeof input, { id: string }>;

function operate(name: NodeOperation): NodeCommand {
  const operation: Operation = OPERATIONS[name];
  return defineCommand({
    action: `allocations.node.${name}`,
    input,
    scope: () => PLATFORM_SCOPE,
    async run(context, { id, reason }): Promise<Outcome<{ id: string }>> {
      const node = await lockNode(context, id);
      if (node === null) return refuse('NOT_FOUND', `There is no node ${id}.`, { field: ['input', 'id'] });
      context.describe({ type: 'ComputeNode', id }, { from: node.state, reason });
      if (operation.needsEmptyNode === true) {
        const claims = await liveClaimsOnNode(context, id);
        if (claims > 0)
          return refuse('IN_USE', 'Allocations still hold this node.', { details: { liveClaims: claims } });
      }
      for (const transition of operation.transitions) {
        if (nodeLifecycle.next(node.state, transition) === null) return notAvailable(node, name);
        moveNode(context, node, transition, { reason });
      }
      if (operation.scheduling !== undefined) schedule(context, node, operation.scheduling, reason);
      return accept({ id });
    },
  });
}

function notAvailable(node: ComputeNodeRow, name: string): Outcome<never> {
  return refuse('INVALID_STATE', `A node that is ${node.state} cannot do this now: ${name}.`, {
    details: { state: node.state, availableActions: nodeLifecycle.available(node.state) },
  });
}

function schedule(context: CommandContext, node: ComputeNodeRow, scheduling: Scheduling, reason: string): void {
  if (node.scheduling === scheduling) return;
  node.scheduling = scheduling;
  context.emit(nodeSchedulingChanged, { subjectId: node.id, scope: PLATFORM_SCOPE, data: { scheduling, reason } });
}

export const nodeOperations: Readonly<Record<NodeOperation, NodeCommand>> = {
  cordon: operate('cordon'),
  uncordon: operate('uncordon'),
  drain: operate('drain'),
  quarantine: operate('quarantine'),
  restore: operate('restore'),
  retire: operate('retire'),
  delete: operate('delete'),
};
