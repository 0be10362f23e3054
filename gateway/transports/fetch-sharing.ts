import type { SharedFetch } from './shared-fetch.js';

/**
 * Lets identical queries that are on their way at the same time, for the same caller, share one fetch. One for all
 * transports of a gateway: a caller's mutation, at whichever subgraph, ends the joining of what was asked before it was
 * answered, so that a caller reads its own writes.
 */
export class FetchSharing<Context = unknown> {
  /** Who asks, with everything that an answer may depend on; undefined when this caller's fetches are not to be shared. */
  readonly keyOf: (context: Context) => string | undefined;
  readonly #byCaller = new Map<string, Map<string, SharedFetch>>();

  constructor(keyOf: (context: Context) => string | undefined) {
    this.keyOf = keyOf;
  }

  /** The fetch on its way for the same caller and request, or the one that `start` makes. */
  join(caller: string, request: string, start: (onClosed: () => void) => SharedFetch): SharedFetch {
    let fetches = this.#byCaller.get(caller);
    if (!fetches) this.#byCaller.set(caller, (fetches = new Map()));
    const known = fetches.get(request);
    if (known) return known;
    const joined = fetches;
    const fetch = start(() => this.#close(caller, joined, request, fetch));
    fetches.set(request, fetch);
    return fetch;
  }

  /** Lets nobody join what is on its way for this caller: data may have changed since it was asked for. */
  closeAll(caller: string): void {
    this.#byCaller.delete(caller);
  }

  #close(caller: string, fetches: Map<string, SharedFetch>, request: string, fetch: SharedFetch): void {
    if (fetches.get(request) === fetch) fetches.delete(request);
    if (fetches.size === 0 && this.#byCaller.get(caller) === fetches) this.#byCaller.delete(caller);
  }
}
