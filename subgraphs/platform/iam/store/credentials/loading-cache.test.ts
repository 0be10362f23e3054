import { describe, expect, it } from 'vitest';
import { LoadingCache } from './loading-cache.js';

const options = { max: 10, ttlMilliseconds: 60_000 };

describe('a cache of loads', () => {
  it('loads once for callers at the same time, and keeps the answer', async () => {
    const cache = new LoadingCache<number>(options);
    let loads = 0;
    const load = async (): Promise<number> => (loads += 1);
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual([1, 1]);
    expect(await cache.get('a', load)).toBe(1);
    cache.evict('a');
    expect(await cache.get('a', load)).toBe(2);
    cache.clear();
    expect(await cache.get('a', load)).toBe(3);
  });

  it('keeps no failure', async () => {
    const cache = new LoadingCache<number>(options);
    await expect(cache.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await cache.get('a', async () => 1)).toBe(1);
  });

  it('does not keep what was read before an eviction', async () => {
    const cache = new LoadingCache<string>(options);
    let finish: (value: string) => void = () => {};
    const old = cache.get('a', () => new Promise((resolve) => (finish = resolve)));
    cache.evict('a');
    const fresh = cache.get('a', async () => 'new');
    finish('old');
    expect([await old, await fresh, await cache.get('a', async () => 'third')]).toEqual(['old', 'new', 'new']);
  });
});
