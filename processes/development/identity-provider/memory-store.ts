import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Sessions, grants, codes and refresh tokens together. The least recently used go first, as if they had expired. */
const ENTRIES_MAX = 50_000;

/** Volatile state of one provider: one adapter per model over one bounded map. */
export class MemoryStore {
  readonly #entries = new LRUCache<string, AdapterPayload>({ max: ENTRIES_MAX });
  readonly #sessionIds = new LRUCache<string, string>({ max: ENTRIES_MAX });

  clear(): void {
    this.#entries.clear();
    this.#sessionIds.clear();
  }

  adapter(model: string): Adapter {
    const entries = this.#entries;
    const sessionIds = this.#sessionIds;
    const key = (id: string): string => `${model}:${id}`;
    return {
      async upsert(id, payload, expiresInSeconds) {
        const lifetime = expiresInSeconds === undefined ? {} : { ttl: expiresInSeconds * 1000 };
        entries.set(key(id), payload, lifetime);
        if (model === 'Session' && payload.uid !== undefined) sessionIds.set(payload.uid, id, lifetime);
      },
      async find(id) {
        return entries.get(key(id));
      },
      async findByUid(uid) {
        const id = sessionIds.get(uid);
        return id === undefined ? undefined : entries.get(key(id));
      },
      async findByUserCode() {
        return undefined;
      },
      async consume(id) {
        const payload = entries.get(key(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        entries.delete(key(id));
      },
      // A scan, because it happens at sign-out and at reuse of a refresh token only. This model's entries only: an
      // interaction also names its grant, and must survive the sign-out in the middle of a switch of person.
      async revokeByGrantId(grantId) {
        for (const [entry, payload] of entries.entries()) {
          if (payload.grantId === grantId && entry.startsWith(key(''))) entries.delete(entry);
        }
      },
    };
  }
}
