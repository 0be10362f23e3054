import { expect, it } from 'vitest';
import { ratioOf, standingOf, takeTurns } from './take-turns.js';

const order: string[] = [];
const contender = (name: string, milliseconds: number) => ({
  name,
  before: async () => void order.push(name),
  operation: async () =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, milliseconds);
    }),
});

it('lets contenders take turns, leaves the warm-up out, and compares rounds that ran beside each other', async () => {
  const standings = await takeTurns({ rounds: 3, roundMilliseconds: 60 }, [contender('a', 20), contender('b', 5)], 2);
  expect(order.join('')).toBe('abbaabba');
  const [slow, fast] = [standingOf(standings, 'a'), standingOf(standings, 'b')];
  expect(slow.rates).toHaveLength(3);
  expect(slow.milliseconds.length).toBeGreaterThanOrEqual(6);
  expect(ratioOf(slow, slow)).toBe(1);
  expect(fast.rate).toBeGreaterThan(slow.rate);
});

it('names a contender that there was not', () => {
  expect(() => standingOf(new Map(), 'c')).toThrow('"c"');
});
