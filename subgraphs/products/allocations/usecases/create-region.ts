import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { RegionEntity } from '../store/entities.js';

export const createRegion = defineCommand({
  action: 'allocations.region.create',
  input: z.object({
    name: z.string().regex(/^[a-z][a-z0-9-]{1,30}$/, 'must be 2 to 31 lower-case letters, digits and hyphens'),
    displayName: z.string().trim().min(1).max(100),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    if ((await context.tx.em.findOne(RegionEntity, { name: input.name })) !== null) {
      return refuse('ALREADY_EXISTS', `There is a region ${input.name} already.`, { field: ['input', 'name'] });
    }
    const id = newId('rgn');
    const { name, displayName } = input;
    context.tx.em.create(RegionEntity, { id, name, displayName, isActive: true, createdAt: context.now });
    context.describe({ type: 'Region', id }, { name });
    return accept({ id });
  },
});
