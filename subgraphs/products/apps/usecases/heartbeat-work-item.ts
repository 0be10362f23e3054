import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { secondsAfter } from '../domain/timings.js';
import { notePresence, scopeOfWorkItem } from '../store/instance-store.js';
import type { AppsServices } from './apps-services.js';
import { judgeLease, leaseClaim } from './work-lease.js';

const input = z.object(leaseClaim);

export type HeartbeatAnswer = 'OK' | 'CANCEL' | 'SUPERSEDED' | 'LOST';

/**
 * Renews a lease. CANCEL and SUPERSEDED do not renew it: the holder has what is left of it to stop, so that one that does not
 * listen cannot hold up a removal.
 */
export function createHeartbeatWorkItem(
  services: AppsServices,
): Command<typeof input, { workItemId: string; answer: HeartbeatAnswer }> {
  return defineCommand({
    action: 'apps.work_item.heartbeat',
    input,
    scope: ({ workItemId }, lookup) => scopeOfWorkItem(lookup, workItemId),
    async run(context, claim) {
      const { workItemId } = claim;
      const lease = await judgeLease({ context, services }, claim);
      const signal = lease.isHeld ? lease.item.stopSignal : 'LOST';
      const answer: HeartbeatAnswer = signal ?? 'OK';
      if (lease.isHeld && answer === 'OK') {
        lease.item.leaseExpiresAt = secondsAfter(lease.now, services.timings.leaseSeconds);
        const { projectId, organizationId, appSlug } = lease.item;
        await notePresence(context.tx, { projectId, organizationId, appSlugs: [appSlug], polledBy: context.actor.id });
      }
      context.describe({ type: 'AppWorkItem', id: workItemId }, { answer });
      return accept({ workItemId, answer });
    },
  });
}
