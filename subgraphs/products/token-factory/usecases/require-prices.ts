import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, accept } from '../../../../kernel/errors/refusal.js';
import type { Prices } from '../../../platform/billing/index.js';

export const INPUT_UNIT = 'input_token';
export const OUTPUT_UNIT = 'output_token';

export function modelPriceKey(slug: string): string {
  return `model:${slug}`;
}

/** Refuses (PRICE_UNKNOWN) when a model that the route may lead to has no price in force: nothing runs without a price. */
export async function requirePrices(
  tx: Transaction,
  prices: Prices,
  route: { id: string; organizationId: string },
): Promise<Outcome<null>> {
  const models = await tx.rows<{ slug: string; modality: string }>(
    `select distinct m.slug, m.modality from token_factory.route_targets t
     left join token_factory.model_endpoints e on e.id = t.endpoint_id
     join token_factory.models m on m.id = coalesce(t.model_id, e.model_id)
     where t.route_id = $1 order by m.slug`,
    [route.id],
  );
  for (const model of models) {
    for (const unit of model.modality === 'embedding' ? [INPUT_UNIT] : [INPUT_UNIT, OUTPUT_UNIT]) {
      const price = await prices.snapshot(tx, {
        priceKey: modelPriceKey(model.slug),
        unit,
        organizationId: route.organizationId,
      });
      if (!price.ok) return price;
    }
  }
  return accept(null);
}
