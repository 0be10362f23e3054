import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { enrollRequest } from '../../../../agent/protocol/messages.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { bootstrapTokenHash } from '../store/bootstrap-tokens.js';
import { lockNode, moveNode } from '../store/node-transitions.js';
import { queueTask } from '../store/task-store.js';

/**
 * A machine trades its bootstrap token, once, for an identity: the key it sent becomes its own, under a new epoch.
 * Refuses an unknown, used, revoked or expired token with the same words, so that none can be told from another.
 */
export function createEnrollNode(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.node.enroll',
    input: enrollRequest,
    // The token is the authority; the route made the node actor only after the key had signed the request.
    isSelfService: true,
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      const used = await context.tx.row<{ node_id: string }>(
        `update allocations.bootstrap_tokens set used_at = $2
         where token_hash = $1 and used_at is null and revoked_at is null and expires_at > $2 returning node_id`,
        [bootstrapTokenHash(input.bootstrapToken), context.now],
      );
      const node = used === null ? null : await lockNode(context, used.node_id);
      if (node?.state !== 'bootstrap_issued') {
        return refuse(
          'EXPIRED',
          'The bootstrap token is not valid: it is unknown, used, or has expired. Issue a new one.',
        );
      }
      const deadlineAt = secondsAfter(context.now, services.timing.enrollSeconds);
      moveNode(context, node, 'enroll', { reason: null, deadlineAt });
      await context.tx.em.flush();
      const row = await context.tx.row<{ epoch: bigint }>(
        `update allocations.nodes set epoch = epoch + 1, public_key = $2, agent_version = $3 where id = $1 returning epoch`,
        [node.id, JSON.stringify(input.publicKey), input.agentVersion],
      );
      const epoch = row?.epoch ?? 0n;
      await queueTask(context, services.signer, {
        type: 'slice.topology_discover',
        params: {},
        nodeId: node.id,
        epoch,
        fence: 0n,
        expiresAt: deadlineAt,
        owner: null,
      });
      context.describe(
        { type: 'ComputeNode', id: node.id },
        { epoch: Number(epoch), agentVersion: input.agentVersion },
      );
      return accept({ nodeId: node.id, epoch: Number(epoch) });
    },
  });
}
