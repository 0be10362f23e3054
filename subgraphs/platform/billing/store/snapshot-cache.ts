import { LRUCache } from 'lru-cache';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type SnapshotRecord, snapshotById } from './price-queries.js';

const SNAPSHOTS_KEPT = 10_000;

/** Snapshots never change, so a process may keep those it has met. What it keeps is checked against the organization by its reader. */
export class SnapshotCache {
  readonly #kept = new LRUCache<string, SnapshotRecord>({ max: SNAPSHOTS_KEPT });

  async find(tx: Transaction, id: string): Promise<SnapshotRecord | null> {
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    const found = await snapshotById(tx, id);
    if (found !== null) this.#kept.set(id, found);
    return found;
  }
}
