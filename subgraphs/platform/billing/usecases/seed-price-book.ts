import { systemActor } from '../../../../kernel/access/actor.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { SeedPrice } from '../contract.js';
import type { createSetPrice } from './set-price.js';

/** Sets each list price that the book does not have yet; run again it does nothing. Answers how many were set. Throws when one is refused. */
export async function seedPriceBook(
  kernel: Kernel,
  setPrice: ReturnType<typeof createSetPrice>,
  prices: readonly SeedPrice[],
): Promise<number> {
  let count = 0;
  for (const price of prices) {
    const known = await kernel.database.read('system', (tx) =>
      tx.row(
        'select 1 as known from billing.prices where price_key = $1 and unit = $2 and organization_id is null limit 1',
        [price.priceKey, price.unit],
      ),
    );
    if (known !== null) continue;
    const { unitPriceNanos, ...named } = price;
    const input = { ...named, unitPrice: formatDecimal(unitPriceNanos) };
    const result = await kernel.pipeline.execute(setPrice, input, {
      actor: systemActor('billing.seed'),
      correlationId: newId('cor'),
    });
    if (!result.ok)
      throw new Error(
        `price ${price.priceKey} per ${price.unit} was refused: ${result.refusals.map((refusal) => refusal.message).join(' ')}`,
      );
    count += 1;
  }
  return count;
}
