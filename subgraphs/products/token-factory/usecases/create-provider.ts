import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Secrets } from '../../../platform/iam/index.js';
import { baseUrlFault } from '../domain/provider-address.js';
import { providerCreated } from '../domain/token-factory-events.js';
import { ProviderAccountEntity } from '../store/token-factory-entities.js';

/** What the secret store files the key under. */
export const PROVIDER_KEY_PURPOSE = 'token_factory.provider_account';

export const providerSecret = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(4096, 'must have at most 4096 characters')
  .optional();

const input = z.object({
  name: z.string().trim().min(1, 'must not be empty').max(100, 'must have at most 100 characters'),
  kind: z.enum(['builtin', 'openai_compatible']),
  baseUrl: z.string().max(2000, 'must have at most 2000 characters').optional(),
  secret: providerSecret,
  idempotencyKey,
});

/** Adds a provider account. Its key goes into the secret store in the same transaction; only the reference is kept here. */
export function createCreateProvider(deps: {
  secrets: Secrets;
  allowsPrivate: boolean;
}): Command<typeof input, { id: string }> {
  return defineCommand({
    action: 'token_factory.provider.create',
    input,
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      const { tx } = context;
      if (input.kind === 'builtin' && (input.baseUrl !== undefined || input.secret !== undefined)) {
        return refuse('INVALID_INPUT', 'The built-in provider has neither an address nor a key.', {
          field: ['input', 'kind'],
        });
      }
      if (input.kind === 'openai_compatible') {
        const fault = baseUrlFault(input.baseUrl ?? '', deps.allowsPrivate);
        if (fault !== null) return refuse('INVALID_INPUT', `input.baseUrl ${fault}`, { field: ['input', 'baseUrl'] });
      }
      if ((await tx.em.findOne(ProviderAccountEntity, { name: input.name })) !== null) {
        return refuse('ALREADY_EXISTS', `There is a provider account with the name ${input.name}.`, {
          field: ['input', 'name'],
        });
      }
      const id = newId('pva');
      const secretId =
        input.secret === undefined
          ? null
          : (
              await deps.secrets.seal(tx, {
                organizationId: null,
                purpose: PROVIDER_KEY_PURPOSE,
                plaintext: input.secret,
              })
            ).secretId;
      tx.em.create(ProviderAccountEntity, {
        id,
        name: input.name,
        kind: input.kind,
        baseUrl: input.baseUrl?.replace(/\/+$/, '') ?? null,
        secretId,
        isEnabled: true,
        health: 'healthy',
        healthReason: null,
        healthChangedAt: context.now,
        createdAt: context.now,
      });
      context.describe({ type: 'ProviderAccount', id }, { name: input.name, kind: input.kind });
      context.emit(providerCreated, {
        subjectId: id,
        scope: PLATFORM_SCOPE,
        data: { name: input.name, kind: input.kind },
      });
      return accept({ id });
    },
  });
}
