import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { nodeLifecycle } from '../domain/node-lifecycle.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { issueBootstrapToken } from '../store/bootstrap-tokens.js';
import { liveClaimsOnNode, lockNode, moveNode } from '../store/node-transitions.js';

/** A new bootstrap token: for a machine whose first one ran out, or that was reimaged. Only while nothing is on it. */
export function createIssueBootstrap(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.node.issue_bootstrap',
    input: z.object({ id: z.string(), idempotencyKey }),
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      const node = await lockNode(context, input.id);
      if (node === null) return refuse('NOT_FOUND', `There is no node ${input.id}.`, { field: ['input', 'id'] });
      if (node.state !== 'bootstrap_issued') {
        if (nodeLifecycle.next(node.state, 'reissue') === null) {
          return refuse('INVALID_STATE', `A node that is ${node.state} cannot get a new bootstrap token.`, {
            details: { state: node.state, availableActions: nodeLifecycle.available(node.state) },
          });
        }
        const claims = await liveClaimsOnNode(context, node.id);
        if (claims > 0)
          return refuse('IN_USE', 'Allocations still hold this node.', { details: { liveClaims: claims } });
        moveNode(context, node, 'reissue', { reason: 'a new bootstrap token was issued' });
      }
      node.stateDeadlineAt = secondsAfter(context.now, services.timing.bootstrapTokenSeconds);
      const { token } = await issueBootstrapToken(context, node.id, services.timing.bootstrapTokenSeconds);
      context.describe({ type: 'ComputeNode', id: node.id });
      return accept({ id: node.id }, { reveal: token });
    },
  });
}
