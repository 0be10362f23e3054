import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { SkuEntity } from '../store/entities.js';

/** Offers a SKU, or stops offering it. What runs already keeps the terms it was launched under. */
export const setSkuOffer = defineCommand({
  action: 'allocations.sku.set_offer',
  input: z.object({ id: z.string(), isActive: z.boolean(), idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const sku = await context.tx.em.findOne(SkuEntity, { id: input.id });
    if (sku === null) return refuse('NOT_FOUND', `There is no SKU ${input.id}.`, { field: ['input', 'id'] });
    sku.isActive = input.isActive;
    context.describe({ type: 'Sku', id: input.id }, { isActive: input.isActive });
    return accept({ id: input.id });
  },
});
