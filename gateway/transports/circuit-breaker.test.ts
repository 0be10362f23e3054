import { expect, it } from 'vitest';
import { CircuitBreaker, type CircuitState } from './circuit-breaker.js';

interface Fixture {
  readonly breaker: CircuitBreaker;
  readonly states: CircuitState[];
  readonly clock: { now: number };
}

function opened(): Fixture {
  const clock = { now: 0 };
  const states: CircuitState[] = [];
  const breaker = new CircuitBreaker(
    { failuresMax: 2, openSeconds: 1 },
    (state) => states.push(state),
    () => clock.now,
  );
  breaker.admit()?.failed();
  expect(breaker.state).toBe('closed');
  breaker.admit()?.failed();
  expect(breaker.admit()).toBeUndefined();
  return { breaker, states, clock };
}

it('lets one request try after a while, and closes when it succeeds', () => {
  const { breaker, clock, states } = opened();
  clock.now = 1_001;
  const probe = breaker.admit();
  expect([probe === undefined, breaker.admit()]).toEqual([false, undefined]);
  probe?.succeeded();
  expect([breaker.admit() === undefined, breaker.admit() === undefined]).toEqual([false, false]);
  expect(states).toEqual(['open', 'halfOpen', 'closed']);
});

it('lets no second request try while the first is out, however long that takes', () => {
  const { breaker, clock } = opened();
  clock.now = 1_001;
  const probe = breaker.admit();
  clock.now = 60_000;
  expect(breaker.admit()).toBeUndefined();
  probe?.failed();
  expect([breaker.state, breaker.admit()]).toEqual(['open', undefined]);
});

it('lets another request try at once when the one that tried was given up by its client', () => {
  const { breaker, clock } = opened();
  clock.now = 1_001;
  breaker.admit()?.abandoned();
  expect(breaker.state).toBe('open');
  expect(breaker.admit()).toBeDefined();
});

it('counts neither successes nor failures of requests that were sent before the state changed', () => {
  const clock = { now: 0 };
  const breaker = new CircuitBreaker({ failuresMax: 1, openSeconds: 1 }, undefined, () => clock.now);
  const [early, late] = [breaker.admit(), breaker.admit()];
  breaker.admit()?.failed();
  late?.succeeded();
  expect(breaker.state).toBe('open');
  clock.now = 1_001;
  breaker.admit()?.succeeded();
  early?.failed();
  expect(breaker.state).toBe('closed');
});

it('forgets failures when a request succeeds', () => {
  const breaker = new CircuitBreaker({ failuresMax: 2, openSeconds: 1 });
  breaker.admit()?.failed();
  breaker.admit()?.succeeded();
  breaker.admit()?.failed();
  breaker.admit()?.abandoned();
  expect(breaker.state).toBe('closed');
});
