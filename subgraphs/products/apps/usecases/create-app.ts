import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { appCreated } from '../domain/apps-events.js';
import { AppEntity } from '../store/entities.js';
import { findAppId } from '../store/catalogue-store.js';

/** Adds an app to the catalogue. Refuses ALREADY_EXISTS. */
export const createApp = defineCommand({
  action: 'apps.app.create',
  input: z.object({
    slug: z
      .string()
      .regex(
        /^[a-z][a-z0-9-]{1,62}$/,
        'must be 2 to 63 lower-case letters, digits and hyphens, beginning with a letter',
      ),
    title: z.string().trim().min(2, 'must have at least 2 characters').max(100, 'must have at most 100 characters'),
    summary: z.string().trim().max(500, 'must have at most 500 characters').default(''),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, { slug, title, summary }) {
    if ((await findAppId(context.tx, slug)) !== null)
      return refuse('ALREADY_EXISTS', `There is an app "${slug}" already.`, { field: ['input', 'slug'] });
    const id = newId('app');
    context.tx.em.create(AppEntity, { id, slug, title, summary, createdBy: context.actor.id, createdAt: context.now });
    context.describe({ type: 'App', id }, { slug });
    context.emit(appCreated, { subjectId: id, scope: PLATFORM_SCOPE, data: { slug } });
    return accept({ id });
  },
});
