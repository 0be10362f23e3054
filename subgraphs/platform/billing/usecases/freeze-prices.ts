import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import type { PriceSnapshot, Prices } from '../contract.js';
import { type SnapshotRecord, snapshotsInForce } from '../store/price-queries.js';
import type { SnapshotCache } from '../store/snapshot-cache.js';

export function toPriceSnapshot(row: SnapshotRecord): PriceSnapshot {
  const { id, priceKey, unit, unitPriceNanos, currency, hash } = row;
  return { id, priceKey, unit, unitPriceNanos, currency, hash };
}

/** Prices for products. A snapshot is made with its price, so freezing one is a read: nothing to contend for. */
export function createPrices(deps: { snapshots: SnapshotCache; clock: () => Date }): Prices {
  return {
    async snapshot(tx: Transaction, request) {
      const [found] = await snapshotsInForce(tx, [request], deps.clock());
      return frozen(request, found ?? null);
    },
    async snapshots(tx, requests) {
      const found = await snapshotsInForce(tx, requests, deps.clock());
      return requests.map((request, at) => frozen(request, found[at] ?? null));
    },
    async byId(tx, priceSnapshotId) {
      const found = await deps.snapshots.find(tx, priceSnapshotId);
      return found === null ? null : toPriceSnapshot(found);
    },
  };
}

function frozen(request: { priceKey: string; unit: string }, found: SnapshotRecord | null): Outcome<PriceSnapshot> {
  if (found !== null) return accept(toPriceSnapshot(found));
  const { priceKey, unit } = request;
  return refuse(
    'PRICE_UNKNOWN',
    `No price is in force for ${priceKey} per ${unit}: an operator has to set one first.`,
    {
      details: { priceKey, unit },
    },
  );
}
