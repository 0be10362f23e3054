import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { lockInstance, scopeOfInstance } from '../store/instance-store.js';
import type { AppsServices } from './apps-services.js';
import { beginRemoval } from './remove-instance.js';

const input = z.object({
  id: z.string(),
  reason: z.string().trim().max(200, 'must have at most 200 characters').default('Requested.'),
  idempotencyKey,
});

/** Removes an instance. Accepted in every state, again and again: an instance that cannot be removed is a bug. */
export function createDecommissionInstance(services: AppsServices): Command<typeof input, { id: string }> {
  return defineCommand({
    action: 'apps.instance.decommission',
    input,
    scope: ({ id }, lookup) => scopeOfInstance(lookup, id),
    async run(context, { id, reason }) {
      const instance = await lockInstance(context.tx, id);
      if (instance === null) return refuse('NOT_FOUND', `There is no app instance ${id}.`, { field: ['input', 'id'] });
      context.describe({ type: 'AppInstance', id }, { from: instance.state, reason });
      await beginRemoval({ context, services }, instance, reason);
      return accept({ id });
    },
  });
}
