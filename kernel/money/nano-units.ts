/**
 * Money is an integer count of nano-units: 1e-9 of the currency's main unit, in a bigint. No float ever touches it.
 * `Decimal` text is what the API shows: plain decimal digits, no exponent.
 */
export type Nanos = bigint;

export const NANOS_PER_UNIT = 1_000_000_000n;
/** One minor unit (a cent) of a currency with two decimals. */
export const NANOS_PER_MINOR = 10_000_000n;

const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d{1,9}))?$/;

/** Parses decimal text such as `12.5` or `-0.000000001`. Null when it is not a decimal with at most nine fractional digits. */
export function parseDecimal(text: string): Nanos | null {
  const match = DECIMAL.exec(text);
  if (!match) return null;
  const [, sign, whole = '0', fraction = ''] = match;
  const nanos = BigInt(whole) * NANOS_PER_UNIT + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -nanos : nanos;
}

/** Formats nano-units as decimal text with at least two fractional digits and no superfluous zeros after them. */
export function formatDecimal(nanos: Nanos): string {
  const sign = nanos < 0n ? '-' : '';
  const absolute = nanos < 0n ? -nanos : nanos;
  const fraction = (absolute % NANOS_PER_UNIT)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '');
  return `${sign}${absolute / NANOS_PER_UNIT}.${fraction}`;
}

/** `quantity × numerator / denominator`, rounded half to even: the one rounding rule of the platform. */
export function multiplyRatio(quantity: bigint, numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new Error('denominator must be positive');
  const product = quantity * numerator;
  const sign = product < 0n ? -1n : 1n;
  const absolute = product * sign;
  const whole = absolute / denominator;
  const twice = (absolute % denominator) * 2n;
  const isUp = twice > denominator || (twice === denominator && whole % 2n === 1n);
  return sign * (whole + (isUp ? 1n : 0n));
}
