import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { modelRegistered } from '../domain/token-factory-events.js';
import { ModelEntity } from '../store/token-factory-entities.js';

export const modelSlug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/, 'must be 1 to 128 lower-case letters, digits, ".", "_", "/" or "-"');

/** Adds a model to the catalogue, or corrects the facts of the one with this slug. Its price is billing's, under `model:<slug>`. */
export const registerModel = defineCommand({
  action: 'token_factory.model.register',
  input: z.object({
    slug: modelSlug,
    title: z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
    modality: z.enum(['text', 'embedding']),
    contextWindowTokens: z.int().min(1, 'must be at least 1').max(100_000_000, 'must be at most 100000000'),
    maxOutputTokens: z.int().min(0, 'must not be negative').max(100_000_000, 'must be at most 100000000'),
    tokenizer: z.enum(['builtin_words', 'utf8_bytes']),
    aliases: z.array(z.string().min(1).max(200)).max(20, 'must name at most 20 aliases').default([]),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    if ((input.modality === 'text') !== input.maxOutputTokens > 0) {
      return refuse('INVALID_INPUT', 'A text model has output tokens, an embedding model has none.', {
        field: ['input', 'maxOutputTokens'],
      });
    }
    if (input.maxOutputTokens >= input.contextWindowTokens) {
      return refuse('INVALID_INPUT', 'The output must leave room for a prompt in the context window.', {
        field: ['input', 'maxOutputTokens'],
      });
    }
    const { idempotencyKey: _key, ...facts } = input;
    const known = await context.tx.em.findOne(ModelEntity, { slug: input.slug });
    const id = known?.id ?? newId('mdl');
    if (known === null) context.tx.em.create(ModelEntity, { id, ...facts, createdAt: context.now });
    else Object.assign(known, facts);
    context.describe({ type: 'Model', id }, { slug: input.slug });
    context.emit(modelRegistered, { subjectId: id, scope: PLATFORM_SCOPE, data: { slug: input.slug } });
    return accept({ id });
  },
});
