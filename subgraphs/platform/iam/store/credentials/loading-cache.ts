import { LRUCache } from 'lru-cache';

/**
 * A bounded cache of loads: concurrent callers share one, a failed one is not kept. Evicting a key while it loads makes
 * the next caller load again, so what was read before a change is never kept after the change was heard of.
 */
export class LoadingCache<Value> {
  readonly #entries: LRUCache<string, Promise<Value>>;

  constructor(options: { max: number; ttlMilliseconds: number }) {
    this.#entries = new LRUCache({ max: options.max, ttl: options.ttlMilliseconds });
  }

  async get(key: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const loading = load();
    this.#entries.set(key, loading);
    loading.catch(() => {
      if (this.#entries.peek(key) === loading) this.#entries.delete(key);
    });
    return loading;
  }

  evict(key: string): void {
    this.#entries.delete(key);
  }

  /** Forgets every entry, loading ones too. For rare changes that touch an unknown number of keys. */
  clear(): void {
    this.#entries.clear();
  }
}
