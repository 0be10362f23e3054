import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { healthEventTo, providerHealthLifecycle } from '../domain/provider-health.js';
import { providerHealthChanged } from '../domain/token-factory-events.js';
import { ProviderAccountEntity } from '../store/token-factory-entities.js';

/** Writes down what a gateway observed of a provider. The same observation again changes nothing and tells nothing. */
export const observeProvider = defineCommand({
  action: 'token_factory.provider.observe',
  input: z.object({ id: z.string(), health: z.enum(['healthy', 'degraded', 'down']), reason: z.string().max(500) }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const provider = await context.tx.em.findOne(ProviderAccountEntity, { id: input.id });
    if (provider === null)
      return refuse('NOT_FOUND', `There is no provider account ${input.id}.`, { field: ['input', 'id'] });
    const from = provider.health;
    context.describe({ type: 'ProviderAccount', id: input.id }, { from, to: input.health });
    const to = providerHealthLifecycle.next(from, healthEventTo[input.health]);
    if (to === null) return accept({ id: input.id });
    Object.assign(provider, { health: to, healthReason: input.reason, healthChangedAt: context.now });
    context.emit(providerHealthChanged, {
      subjectId: input.id,
      scope: PLATFORM_SCOPE,
      data: { from, to, reason: input.reason },
    });
    return accept({ id: input.id });
  },
});
