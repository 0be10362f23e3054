import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { nodeObserved } from '../domain/node-events.js';
import type { NodeTransition } from '../domain/node-lifecycle.js';
import type { ComputeNodeRow } from '../store/entities.js';
import { lockNode, moveNode } from '../store/node-transitions.js';

/**
 * Writes down what the watcher saw of a node, and lets its state follow: a lost node goes offline, one that reports
 * again comes back, one that enrolled and is healthy goes into service. Only changes are written.
 */
export const observeNode = defineCommand({
  action: 'allocations.node.observe',
  input: z.object({
    id: z.string(),
    connectivity: z.enum(['CONNECTED', 'STALE', 'LOST']),
    health: z.enum(['HEALTHY', 'DEGRADED', 'UNHEALTHY', 'UNKNOWN']),
    healthDetail: z.string().max(500).nullable(),
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const node = await lockNode(context, input.id);
    if (node === null) return refuse('NOT_FOUND', `There is no node ${input.id}.`);
    const { connectivity, health, healthDetail } = input;
    context.describe({ type: 'ComputeNode', id: node.id }, { connectivity, health });
    if (node.connectivity !== connectivity) node.connectivityChangedAt = context.now;
    const isChanged = node.connectivity !== connectivity || node.health !== health;
    Object.assign(node, { connectivity, health, healthDetail });
    if (isChanged) {
      const data = { connectivity, health, detail: healthDetail };
      context.emit(nodeObserved, { subjectId: node.id, scope: PLATFORM_SCOPE, data });
    }
    const next = consequence(node, context.now);
    if (next !== null) moveNode(context, node, next.transition, { reason: next.reason });
    return accept({ id: node.id, state: node.state });
  },
});

/** What the state of a node does about what is observed of it; null when nothing. Pure. */
export function consequence(
  node: Pick<ComputeNodeRow, 'state' | 'connectivity' | 'health' | 'stateDeadlineAt'>,
  now: Date,
): { transition: NodeTransition; reason: string | null } | null {
  const { state, connectivity, health } = node;
  if (state === 'enrolling') {
    if (connectivity === 'CONNECTED' && health === 'HEALTHY') return { transition: 'activate', reason: null };
    const isTooLate =
      node.stateDeadlineAt !== null && node.stateDeadlineAt !== undefined && node.stateDeadlineAt <= now;
    return isTooLate ? { transition: 'quarantine', reason: 'it did not report healthy in time after enrolling' } : null;
  }
  if (connectivity === 'LOST' && (state === 'active' || state === 'draining')) {
    return { transition: 'lose', reason: 'neither heartbeats nor polls arrive' };
  }
  if (connectivity === 'CONNECTED' && state === 'offline') return { transition: 'recover', reason: 'it reports again' };
  return null;
}
