import { z } from 'zod';
import { type Nanos, NANOS_PER_UNIT, parseDecimal } from '../../../../kernel/money/nano-units.js';

/** The largest amount of one movement: nine billion main units is what 64 bits of nano-units hold. */
const AMOUNT_MAX: Nanos = 9_000_000_000n * NANOS_PER_UNIT;

function amount(isAllowed: (nanos: Nanos) => boolean, message: string): z.ZodType<Nanos, string> {
  return z.string().transform((text, context) => {
    const nanos = parseDecimal(text);
    if (nanos !== null && isAllowed(nanos) && nanos <= AMOUNT_MAX) return nanos;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** Decimal text in main units, above zero. */
export const positiveAmount = amount(
  (nanos) => nanos > 0n,
  'must be a decimal above zero with at most nine fractional digits',
);
/** Decimal text in main units, zero or more. */
export const amountOrZero = amount(
  (nanos) => nanos >= 0n,
  'must be a decimal of zero or more with at most nine fractional digits',
);

export const reason = z.string().trim().min(1, 'must say why').max(500, 'must have at most 500 characters');
