import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, percentile, rounded } from './statistics.js';

describe('percentiles', () => {
  it('takes the middle of an odd number of values, in whatever order they come', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('leaves its argument as it is', () => {
    const values = [3, 1, 2];
    percentile(values, 0.99);
    expect(values).toEqual([3, 1, 2]);
  });

  it('is always one of the values, with at most that share of them below it', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const found = percentile(all, share);
        expect(all).toContain(found);
        expect(all.filter((value) => value < found).length).toBeLessThanOrEqual(share * all.length);
      }),
    );
  });

  it('says of nothing that it is no number', () => {
    expect(median([])).toBeNaN();
  });

  it('rounds to three digits', () => {
    expect([rounded(12_345), rounded(0.012_345)]).toEqual([12_300, 0.0123]);
  });
});
