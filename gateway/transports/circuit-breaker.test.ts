import { expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.js';

it('lets one request try after a while, and closes when it succeeds', () => {
  let now = 0;
  const breaker = new CircuitBreaker({ failuresMax: 2, openSeconds: 1 }, () => now);
  breaker.failed();
  expect(breaker.admits()).toBe(true);
  breaker.failed();
  expect(breaker.admits()).toBe(false);
  now = 1_001;
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
  breaker.succeeded();
  expect([breaker.admits(), breaker.admits()]).toEqual([true, true]);
});
