import { parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { gatewayOperation } from '../../testing/gateway-operation.js';
import type { GatewayOperation } from '../engine.js';
import { PlanCache, withinSignal } from './plan-cache.js';

function operation(): GatewayOperation {
  return gatewayOperation(parse('{ a }'));
}

describe('the plan cache', () => {
  it('makes one plan, however many ask for it while it is made', async () => {
    const cache = new PlanCache<string>(() => 1);
    const asked = operation();
    const make = vi.fn<() => Promise<string>>(async () => 'plan');
    const plans = await Promise.all([1, 2, 3].map(async () => cache.get(asked, make)));
    expect(plans).toEqual(['plan', 'plan', 'plan']);
    expect(cache.get(asked, make)).toBe('plan');
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('keeps so many plans, and so much, and lets go of those unused for longest', async () => {
    const bySize = new PlanCache<string>((plan) => plan.length, { sizeMax: 10 });
    const operations = ['aaaa', 'bbbb', 'cccc'].map((plan) => ({ plan, asked: operation() }));
    for (const { asked, plan } of operations) await bySize.get(asked, () => plan);
    expect(bySize.size).toBe(2);
    const byCount = new PlanCache<string>(() => 1, { plansMax: 1 });
    for (const { asked, plan } of operations) await byCount.get(asked, () => plan);
    expect(byCount.size).toBe(1);
    expect(byCount.get(operations[2]?.asked ?? operation(), () => 'made anew')).toBe('cccc');
  });

  it('remembers that an operation cannot be planned', () => {
    const cache = new PlanCache<string>(() => 1);
    const make = vi.fn<() => string>(() => {
      throw new PlatformError('QUERY_TOO_COMPLEX', 'no');
    });
    const asked = operation();
    expect(() => cache.get(asked, make)).toThrow('no');
    expect(() => cache.get(asked, make)).toThrow('no');
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('remembers so many refusals, and a timeout for a while only', async () => {
    const cache = new PlanCache<string>(() => 1, { refusalsMax: 1, timeoutSecondsMin: 0.02 });
    const make = vi.fn<() => Promise<string>>(async () => {
      throw new PlatformError('TIMEOUT', 'slow');
    });
    const [first, second] = [operation(), operation()];
    for (const asked of [first, second, first]) await expect(cache.get(asked, make)).rejects.toThrow('slow');
    expect(make).toHaveBeenCalledTimes(3);
    expect(() => cache.get(first, make)).toThrow('slow');
    await vi.waitFor(async () => expect(await cache.get(first, () => 'planned')).toBe('planned'));
  });

  it('tries again what was unavailable', async () => {
    const cache = new PlanCache<string>(() => 1);
    const asked = operation();
    const refuse = async (): Promise<string> => {
      throw new PlatformError('UNAVAILABLE', 'busy');
    };
    await expect(cache.get(asked, refuse)).rejects.toThrow('busy');
    expect(cache.get(asked, () => 'planned')).toBe('planned');
  });

  it('knows which operations are asked for most', async () => {
    const cache = new PlanCache<string>(() => 1);
    const [rare, often, never] = [operation(), operation(), operation()];
    await cache.prepare(never, async () => 'never');
    for (const asked of [rare, often, often, often, rare]) await cache.get(asked, () => 'plan');
    expect(cache.mostUsed(2)).toEqual([often, rare]);
    expect(cache.mostUsed(9)).toEqual([often, rare, never]);
  });
});

describe('waiting for a plan', () => {
  it('ends with the time of the request, and leaves the plan to others', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await expect(withinSignal(promise, AbortSignal.timeout(1))).rejects.toMatchObject({ code: 'TIMEOUT' });
    const gone = AbortSignal.abort(new PlatformError('RATE_LIMITED', 'enough'));
    await expect(withinSignal(promise, gone)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    resolve('plan');
    expect(await withinSignal(promise, new AbortController().signal)).toBe('plan');
  });
});
