import { describe, expect, it } from 'vitest';
import { CostBudgets } from './cost-budgets.js';

const TERMS = { burst: 100, perSecond: 10 };

function budgets(): { at: (milliseconds: number) => void; budgets: CostBudgets } {
  let now = 0;
  return { budgets: new CostBudgets(() => now), at: (milliseconds) => (now = milliseconds) };
}

describe('the budgets of principals', () => {
  it('grants up to the burst, and says when the rest can be had', () => {
    const { budgets: costs } = budgets();
    expect(costs.withdraw('a', 80, TERMS)).toEqual({ isGranted: true, left: 20, retryAfterSeconds: 0 });
    expect(costs.withdraw('a', 50, TERMS)).toEqual({ isGranted: false, left: 20, retryAfterSeconds: 3 });
  });

  it('refills with time, and never above the burst', () => {
    const { budgets: costs, at } = budgets();
    costs.withdraw('a', 100, TERMS);
    at(3_000);
    expect(costs.withdraw('a', 30, TERMS)).toMatchObject({ isGranted: true, left: 0 });
    at(1_000_000);
    expect(costs.withdraw('a', 0, TERMS).left).toBe(100);
  });

  it('gives back what was not used, and takes what was used beyond', () => {
    const { budgets: costs } = budgets();
    costs.withdraw('a', 60, TERMS);
    expect(costs.settle('a', 50, TERMS)).toBe(90);
    expect(costs.settle('a', -200, TERMS)).toBe(-110);
    expect(costs.withdraw('a', 1, TERMS)).toEqual({ isGranted: false, left: -110, retryAfterSeconds: 11.1 });
    expect(costs.settle('a', 1_000, TERMS)).toBe(100);
  });

  it('keeps principals apart', () => {
    const { budgets: costs } = budgets();
    costs.withdraw('a', 100, TERMS);
    expect(costs.withdraw('b', 100, TERMS).isGranted).toBe(true);
  });
});
