import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.js';
import { addressFault, baseUrlFault } from './provider-address.js';
import { healthEventTo, providerHealthLifecycle } from './provider-health.js';
import { RateWindow } from './rate-window.js';
import { routeLifecycle } from './route-lifecycle.js';
import { targetOrder } from './target-order.js';
import { affordableOutput, costOf, withinHold, worstCase } from './token-price.js';
import { promptBound, promptEstimate, splitWords, tokenBound } from './tokenizer.js';

describe('the built-in tokenizer', () => {
  it('loses nothing: the tokens joined are the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const tokens = splitWords(text);
        expect(tokens.join('')).toBe(text);
        expect(tokenBound('builtin_words', text)).toBe(tokens.length);
      }),
    );
  });

  it('never counts more tokens than bytes, so that bytes are a bound; an estimate is never above the bound', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        for (const text of texts)
          expect(tokenBound('builtin_words', text)).toBeLessThanOrEqual(tokenBound('utf8_bytes', text));
        for (const tokenizer of ['builtin_words', 'utf8_bytes'] as const)
          expect(promptEstimate(tokenizer, texts)).toBeLessThanOrEqual(promptBound(tokenizer, texts));
      }),
    );
  });

  it.each([
    ['', 0],
    ['a', 1],
    ['a b', 2],
    ['  a', 1],
    ['a ', 2],
    ['abcdefghijklm', 2],
    ['\n\n', 1],
  ])('counts %j as %i', (text, count) => {
    expect(tokenBound('builtin_words', text)).toBe(count);
  });

  it('takes linear time on a megabyte of spaces', () => {
    const startedAt = performance.now();
    expect(tokenBound('builtin_words', ' '.repeat(1_000_000))).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe('a window of sixty seconds', () => {
  it('admits no more than its limit in any sixty seconds, against a log of everything', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 20_000 }),
      amount: fc.integer({ min: 1, max: 40 }),
      used: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 20, max: 100 }), (steps, limit) => {
        const window = new RateWindow();
        const log: { at: number; amount: number }[] = [];
        let now = 1_700_000_000_000;
        for (const { wait, amount, used } of steps) {
          now += wait;
          const pause = window.waitFor(amount, limit, now);
          expect(pause === null).toBe(amount > limit);
          // What it promises holds: after the pause it fits.
          expect(window.waitFor(amount, limit, now + (pause ?? 0))).toBe(pause === null ? null : 0);
          now += pause ?? 0;
          if (pause === null) continue;
          const second = window.add(amount, now);
          const kept = Math.round(amount * used);
          window.giveBack(amount - kept, second, now);
          log.push({ at: now, amount: kept });
          const inWindow = log.filter((entry) => entry.at > now - 60_000).reduce((sum, entry) => sum + entry.amount, 0);
          expect(inWindow).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('prices', () => {
  const price = fc
    .record({ inputNanos: fc.bigInt(0n, 5000n), outputNanos: fc.bigInt(0n, 5000n) })
    .map((nanos) => ({ inputPriceId: 'a', outputPriceId: 'b', currency: 'USD', ...nanos }));
  const count = fc.record({ inputTokens: fc.nat(100_000), outputTokens: fc.nat(100_000) });

  it('never settle above the hold, whatever a provider reports', () => {
    fc.assert(
      fc.property(fc.array(price, { minLength: 1 }), count, count, (prices, bound, reported) => {
        const hold = worstCase(prices, bound);
        for (const one of prices) {
          expect(costOf(one, bound)).toBeLessThanOrEqual(hold);
          const charged = withinHold(one, reported, hold);
          expect(costOf(one, charged)).toBeLessThanOrEqual(hold);
          const isWithin = reported.inputTokens <= bound.inputTokens && reported.outputTokens <= bound.outputTokens;
          expect(charged).toEqual(isWithin ? reported : charged);
        }
      }),
    );
  });

  it('say the most output that a balance pays for', () => {
    fc.assert(
      fc.property(price, fc.nat(1000), fc.bigInt(0n, 10_000_000n), (one, inputTokens, balance) => {
        const most = affordableOutput([one], inputTokens, balance);
        const costs = (outputTokens: number): boolean => costOf(one, { inputTokens, outputTokens }) <= balance;
        expect(costs(0)).toBe(most >= 0);
        const isBounded = most >= 0 && one.outputNanos > 0n;
        expect(isBounded ? [costs(most), costs(most + 1)] : [true, false]).toEqual([true, false]);
      }),
    );
  });
});

describe('the order of targets', () => {
  it('keeps tiers, loses none, and shares by weight', () => {
    const targets = [
      { id: 'a', tier: 0, weight: 900 },
      { id: 'b', tier: 0, weight: 100 },
      { id: 'c', tier: 1, weight: 1 },
    ];
    let first = 0;
    for (let index = 0; index < 1000; index += 1) {
      const order = targetOrder(targets, () => (index + 0.5) / 1000);
      expect(order.at(-1)?.id).toBe('c');
      expect(new Set(order.map((target) => target.id)).size).toBe(3);
      if (order[0]?.id === 'a') first += 1;
    }
    expect(first).toBe(900);
  });
});

describe('a circuit breaker', () => {
  it('opens after five failures in a row, lets one call try after five seconds, and closes when that succeeds', () => {
    const breaker = new CircuitBreaker();
    for (let call = 0; call < 4; call += 1) breaker.failed(0);
    expect(breaker.admits(0)).toBe(true);
    breaker.failed(0);
    expect([breaker.admits(4999), breaker.health()]).toEqual([false, 'down']);
    expect([breaker.admits(5000), breaker.admits(5000)]).toEqual([true, false]);
    breaker.failed(5000);
    expect(breaker.admits(9999)).toBe(false);
    expect(breaker.admits(10_000)).toBe(true);
    breaker.abandoned();
    expect(breaker.admits(10_000)).toBe(true);
    breaker.succeeded();
    expect([breaker.admits(10_000), breaker.health()]).toEqual([true, 'healthy']);
  });

  it('calls a provider degraded when a fifth of its calls fail, and opens at half', () => {
    const breaker = new CircuitBreaker();
    for (let call = 0; call < 4; call += 1) breaker.succeeded();
    breaker.failed(0);
    expect(breaker.health()).toBe('degraded');
    for (let call = 0; call < 3; call += 1) breaker.failed(0);
    expect(breaker.health()).toBe('down');
  });
});

describe('the lifecycles', () => {
  it('of a route: every move that is not in the table is refused', () => {
    const moves = routeLifecycle.states.map((state) => [state, routeLifecycle.available(state)]);
    expect(moves).toEqual([
      ['draft', ['activate', 'retire']],
      ['active', ['disable', 'retire']],
      ['disabled', ['activate', 'retire']],
      ['retired', []],
    ]);
    expect(routeLifecycle.next('retired', 'activate')).toBeNull();
  });

  it("of a provider's health: from each state to each other", () => {
    for (const from of providerHealthLifecycle.states) {
      for (const to of providerHealthLifecycle.states)
        expect(providerHealthLifecycle.next(from, healthEventTo[to])).toBe(from === to ? null : to);
    }
  });
});

describe('an address of a provider', () => {
  it.each([
    'http://api.example.com/v1',
    'https://127.0.0.1/v1',
    'https://10.1.2.3',
    'https://192.168.0.1',
    'https://172.20.0.1',
    'https://[::1]/',
    'https://[fd00::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://localhost/',
    'https://db.internal/',
    'https://169.254.169.254/latest',
    'https://0.0.0.0/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://100.64.0.1/',
    'https://user:pass@api.example.com/',
    'https://api.example.com/?a=b',
    'ftp://api.example.com',
    'nonsense',
    'https://[64:ff9b::7f00:1]/',
    'https://224.0.0.1/',
  ])('is refused in production: %s', (url) => {
    expect(baseUrlFault(url, false)).toMatch(/^(must|names)/);
  });

  it('may be public, over TLS; private ones only where they are allowed; metadata services never', () => {
    expect(baseUrlFault('https://api.example.com/v1', false)).toBeNull();
    expect(baseUrlFault('https://8.8.8.8/v1', false)).toBeNull();
    expect(baseUrlFault('http://127.0.0.1:8000/v1', true)).toBeNull();
    expect(baseUrlFault('http://169.254.169.254/v1', true)).toMatch(/never called/);
    expect(addressFault('10.0.0.1', false)).toMatch(/private/);
    expect(addressFault('::ffff:10.0.0.1', false)).not.toBeNull();
    expect(addressFault('fe80::1', true)).not.toBeNull();
  });
});
