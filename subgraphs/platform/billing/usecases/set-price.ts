import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { Directory } from '../../iam/index.js';
import type { Registry } from '../../registry/index.js';
import { priceSet } from '../domain/billing-events.js';
import { CURRENCY, type PriceTerms, priceHash } from '../domain/price.js';
import { PriceEntity, PriceSnapshotEntity } from '../store/billing-entities.js';
import { amountOrZero } from './money-input.js';

/** Sets a price from a moment on, and freezes it. What was launched before keeps the price it was launched under. */
export function createSetPrice(deps: { registry: Pick<Registry, 'usageUnit'>; directory: Directory }) {
  return defineCommand({
    action: 'billing.price.set',
    input: z.object({
      priceKey: z
        .string()
        .regex(/^[a-z][a-z_]*:[\x21-\x7e]{1,120}$/, 'must be <kind>:<name>, such as sku:h200-sxm-slice'),
      unit: z.string(),
      unitPrice: amountOrZero,
      validFrom: z.date().optional(),
      organizationId: z.string().optional(),
      idempotencyKey,
    }),
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      const { now, tx } = context;
      if (deps.registry.usageUnit(input.unit) === null) {
        return refuse('NOT_REGISTERED', `The registry knows no usage unit ${input.unit}.`, {
          field: ['input', 'unit'],
        });
      }
      const organizationId = input.organizationId ?? null;
      if (organizationId !== null && (await deps.directory.organization(organizationId)) === null) {
        return refuse('NOT_FOUND', `There is no organization ${organizationId}.`, {
          field: ['input', 'organizationId'],
        });
      }
      const validFrom = input.validFrom ?? now;
      if (validFrom < now)
        return refuse('INVALID_INPUT', 'A price cannot begin in the past.', { field: ['input', 'validFrom'] });
      const terms = {
        priceKey: input.priceKey,
        unit: input.unit,
        unitPriceNanos: input.unitPrice,
        currency: CURRENCY,
        validFrom,
        organizationId,
      };
      const isTaken = await tx.row(
        `select 1 as taken from billing.prices where price_key = $1 and unit = $2 and organization_id is not distinct from $3 and valid_from = $4`,
        [input.priceKey, input.unit, organizationId, validFrom],
      );
      if (isTaken !== null)
        return refuse('ALREADY_EXISTS', 'A price begins at this very moment.', { field: ['input', 'validFrom'] });
      return accept({ id: await writePrice(context, terms) });
    },
  });
}

/** Writes the price and its snapshot; answers the identifier of the price. */
async function writePrice(context: CommandContext, terms: PriceTerms): Promise<string> {
  const { priceKey, unit, organizationId } = terms;
  const id = newId('prc');
  context.tx.em.create(PriceEntity, {
    id,
    ...terms,
    setBy: context.actor.id,
    correlationId: context.correlationId,
    createdAt: context.now,
  });
  await context.tx.em.flush();
  context.tx.em.create(PriceSnapshotEntity, {
    id: newId('psn'),
    priceId: id,
    ...terms,
    hash: priceHash(terms),
    createdAt: context.now,
  });
  const unitPrice = formatDecimal(terms.unitPriceNanos);
  context.describe({ type: 'Price', id }, { priceKey, unit, unitPrice, organizationId });
  context.emit(priceSet, {
    subjectId: id,
    scope: PLATFORM_SCOPE,
    data: {
      priceKey,
      unit,
      unitPrice,
      currency: CURRENCY,
      validFrom: terms.validFrom.toISOString(),
    },
  });
  return id;
}
