import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { type Outcome, accept } from '../../../../kernel/errors/refusal.js';
import { lockWorkItem, scopeOfWorkItem, serverClock } from '../store/instance-store.js';
import type { AppsServices } from './apps-services.js';
import { endAttempt } from './end-attempt.js';

const input = z.object({ workItemId: z.string() });

/** The platform's own: takes back a lease that was not renewed in time. What its holder did is uncertain, so nothing is undone. */
export function createLapseWorkItem(services: AppsServices): Command<typeof input, { hasLapsed: boolean }> {
  return defineCommand({
    action: 'apps.work_item.lapse',
    input,
    scope: ({ workItemId }, lookup) => scopeOfWorkItem(lookup, workItemId),
    async run(context, { workItemId }): Promise<Outcome<{ hasLapsed: boolean }>> {
      const found = await lockWorkItem(context.tx, workItemId);
      const now = await serverClock(context.tx);
      const expiresAt = found?.item.state === 'leased' ? found.item.leaseExpiresAt : null;
      if (found === null || expiresAt === null || expiresAt.getTime() > now.getTime())
        return accept({ hasLapsed: false });
      context.describe(
        { type: 'AppWorkItem', id: workItemId },
        { holder: found.item.leasedBy, fence: found.item.fence },
      );
      await endAttempt(
        { context, services },
        { ...found, failure: 'UNCERTAIN', message: 'The worker did not renew its lease in time.' },
      );
      return accept({ hasLapsed: true });
    },
  });
}
