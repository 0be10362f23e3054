import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { type Nanos, multiplyRatio } from '../../../../kernel/money/nano-units.js';

/** The one currency of the deployment: every account, price and budget is in it. */
export const CURRENCY = 'USD';

/** What of a price is frozen, and hashed. */
export interface PriceTerms {
  readonly priceKey: string;
  readonly unit: string;
  readonly unitPriceNanos: Nanos;
  readonly currency: string;
  readonly validFrom: Date;
  /** Null for a list price. */
  readonly organizationId: string | null;
}

/** SHA-256 over the canonical JSON (RFC 8785) of the terms: a customer can compute it from what the API shows. */
export function priceHash(terms: PriceTerms): string {
  return canonicalHash({
    priceKey: terms.priceKey,
    unit: terms.unit,
    unitPriceNanos: terms.unitPriceNanos,
    currency: terms.currency,
    validFrom: terms.validFrom.toISOString(),
    organizationId: terms.organizationId,
  });
}

/** What a quantity costs, in nano-units: base units × price of a unit ÷ base units in a unit, rounded half to even, once. */
export function rate(baseQuantity: bigint, terms: { basePerUnit: bigint; unitPriceNanos: Nanos }): Nanos {
  return multiplyRatio(baseQuantity, terms.unitPriceNanos, terms.basePerUnit);
}

/** The calendar month (UTC) that an amount is posted in, such as `2026-11`. */
export function accountingMonth(moment: Date): string {
  return moment.toISOString().slice(0, 7);
}
