import { LRUCache } from 'lru-cache';

const FAILURES_MAXIMUM = 60;
/** A source that was closed is open again after this long. */
export const THROTTLE_SECONDS = 60;
const SOURCES_MAXIMUM = 10_000;

interface Window {
  failures: number;
  isTold: boolean;
}

/**
 * Failed attempts per source and minute. Secrets of 256 bits cannot be guessed; this bounds what guessing costs us, in
 * look-ups and in audit records.
 */
export class Throttle {
  readonly #windows = new LRUCache<string, Window>({
    max: SOURCES_MAXIMUM,
    ttl: THROTTLE_SECONDS * 1000,
    noUpdateTTL: true,
  });

  isClosed(source: string): boolean {
    return (this.#windows.get(source)?.failures ?? 0) >= FAILURES_MAXIMUM;
  }

  /** True once for each time it closes: for one audit record instead of thousands. */
  isNews(source: string): boolean {
    const window = this.#windows.get(source);
    if (window === undefined || window.isTold) return false;
    window.isTold = true;
    return true;
  }

  count(source: string): void {
    const window = this.#windows.get(source);
    if (window === undefined) this.#windows.set(source, { failures: 1, isTold: false });
    else window.failures += 1;
  }
}
