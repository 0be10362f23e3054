import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { lockInstance, scopeOfInstance } from '../store/instance-store.js';
import type { AppsServices } from './apps-services.js';
import { recordUsage } from './record-usage.js';

const input = z.object({ id: z.string() });

/** The platform's own: records the run time of an instance up to now. */
export function createMeterInstance(services: AppsServices): Command<typeof input, { meteredUntil: string | null }> {
  return defineCommand({
    action: 'apps.instance.meter',
    input,
    scope: ({ id }, lookup) => scopeOfInstance(lookup, id),
    async run(context, { id }) {
      const instance = await lockInstance(context.tx, id);
      if (instance === null) return accept({ meteredUntil: null });
      await recordUsage({ context, services }, instance, context.now);
      const meteredUntil = instance.meteredUntil?.toISOString() ?? null;
      context.describe({ type: 'AppInstance', id }, { meteredUntil });
      return accept({ meteredUntil });
    },
  });
}
