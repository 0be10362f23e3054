import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDecimal, multiplyRatio, parseDecimal } from './nano-units.js';

it('parses what it formats, for any amount', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 26n), max: 10n ** 26n }), (nanos) => {
      expect(parseDecimal(formatDecimal(nanos))).toBe(nanos);
    }),
  );
});

it.each(['', '.', '1.', '.5', '1e3', '1.0000000001', 'NaN', '١', '1_000', '+1'])('refuses %j', (text) => {
  expect(parseDecimal(text)).toBeNull();
});

it('shows at least two fractional digits and no superfluous zeros', () => {
  expect(formatDecimal(12_500_000_000n)).toBe('12.50');
  expect(formatDecimal(-1n)).toBe('-0.000000001');
  expect(formatDecimal(0n)).toBe('0.00');
});

it('rounds half to even', () => {
  expect([1n, 3n, 5n, -1n, -3n].map((value) => multiplyRatio(value, 1n, 2n))).toEqual([0n, 2n, 2n, 0n, -2n]);
});

it('is never off by more than half, for any ratio', () => {
  const positive = fc.bigInt({ min: 1n, max: 10n ** 15n });
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
      positive,
      positive,
      (quantity, numerator, denominator) => {
        const off = quantity * numerator - multiplyRatio(quantity, numerator, denominator) * denominator;
        expect((off < 0n ? -off : off) * 2n <= denominator).toBe(true);
      },
    ),
  );
});
