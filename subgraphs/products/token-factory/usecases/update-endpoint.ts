import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { endpointReadinessChanged } from '../domain/token-factory-events.js';
import { ModelEndpointEntity } from '../store/token-factory-entities.js';

/** Takes an endpoint out of all routes, or puts it back. */
export const updateEndpoint = defineCommand({
  action: 'token_factory.endpoint.update',
  input: z.object({ id: z.string(), isEnabled: z.boolean(), idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const endpoint = await context.tx.em.findOne(ModelEndpointEntity, { id: input.id });
    if (endpoint === null)
      return refuse('NOT_FOUND', `There is no model endpoint ${input.id}.`, { field: ['input', 'id'] });
    context.describe({ type: 'ModelEndpoint', id: input.id }, { isEnabled: input.isEnabled });
    if (endpoint.isEnabled === input.isEnabled) return accept({ id: input.id });
    endpoint.isEnabled = input.isEnabled;
    context.emit(endpointReadinessChanged, {
      subjectId: input.id,
      scope: PLATFORM_SCOPE,
      data: {
        isReady: input.isEnabled && endpoint.isReady,
        reason: input.isEnabled ? null : 'switched off by an operator',
      },
    });
    return accept({ id: input.id });
  },
});
