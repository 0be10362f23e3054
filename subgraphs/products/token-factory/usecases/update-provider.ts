import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import type { Secrets } from '../../../platform/iam/index.js';
import { baseUrlFault } from '../domain/provider-address.js';
import { providerUpdated } from '../domain/token-factory-events.js';
import { ProviderAccountEntity } from '../store/token-factory-entities.js';
import { PROVIDER_KEY_PURPOSE, providerSecret } from './create-provider.js';

const input = z.object({
  id: z.string(),
  baseUrl: z.string().max(2000, 'must have at most 2000 characters').optional(),
  secret: providerSecret,
  isEnabled: z.boolean().optional(),
  idempotencyKey,
});

/** Moves a provider account, gives it another key (the old one is destroyed), or switches it on or off. */
export function createUpdateProvider(deps: {
  secrets: Secrets;
  allowsPrivate: boolean;
}): Command<typeof input, { id: string }> {
  return defineCommand({
    action: 'token_factory.provider.update',
    input,
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      const { tx } = context;
      const provider = await tx.em.findOne(ProviderAccountEntity, { id: input.id });
      if (provider === null)
        return refuse('NOT_FOUND', `There is no provider account ${input.id}.`, { field: ['input', 'id'] });
      if (provider.kind === 'builtin' && (input.baseUrl !== undefined || input.secret !== undefined)) {
        return refuse('INVALID_INPUT', 'The built-in provider has neither an address nor a key.', {
          field: ['input', 'id'],
        });
      }
      const changed: string[] = [];
      if (input.baseUrl !== undefined) {
        const fault = baseUrlFault(input.baseUrl, deps.allowsPrivate);
        if (fault !== null) return refuse('INVALID_INPUT', `input.baseUrl ${fault}`, { field: ['input', 'baseUrl'] });
        provider.baseUrl = input.baseUrl.replace(/\/+$/, '');
        changed.push('baseUrl');
      }
      if (input.secret !== undefined) {
        const sealed = await deps.secrets.seal(tx, {
          organizationId: null,
          purpose: PROVIDER_KEY_PURPOSE,
          plaintext: input.secret,
        });
        if (provider.secretId != null) await deps.secrets.destroy(tx, provider.secretId);
        provider.secretId = sealed.secretId;
        changed.push('secret');
      }
      if (input.isEnabled !== undefined && input.isEnabled !== provider.isEnabled) {
        provider.isEnabled = input.isEnabled;
        changed.push('isEnabled');
      }
      context.describe({ type: 'ProviderAccount', id: input.id }, { changed });
      context.emit(providerUpdated, { subjectId: input.id, scope: PLATFORM_SCOPE, data: { changed } });
      return accept({ id: input.id });
    },
  });
}
