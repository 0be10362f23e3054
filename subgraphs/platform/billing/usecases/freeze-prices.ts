import type { Transaction } from '../../../../kernel/database/transaction.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import type { PriceSnapshot, Prices } from '../contract.js';
import { type SnapshotRecord, snapshotInForce } from '../store/price-queries.js';
import type { SnapshotCache } from '../store/snapshot-cache.js';

export function toPriceSnapshot(row: SnapshotRecord): PriceSnapshot {
  const { id, priceKey, unit, unitPriceNanos, currency, hash } = row;
  return { id, priceKey, unit, unitPriceNanos, currency, hash };
}

/** Prices for products. A snapshot is made with its price, so freezing one is a read: nothing to contend for. */
export function createPrices(deps: { snapshots: SnapshotCache; clock: () => Date }): Prices {
  return {
    async snapshot(tx: Transaction, request) {
      const found = await snapshotInForce(tx, { ...request, at: deps.clock() });
      if (found !== null) return accept(toPriceSnapshot(found));
      return refuse(
        'PRICE_UNKNOWN',
        `No price is in force for ${request.priceKey} per ${request.unit}: an operator has to set one first.`,
        {
          details: { priceKey: request.priceKey, unit: request.unit },
        },
      );
    },
    async byId(tx, priceSnapshotId) {
      const found = await deps.snapshots.find(tx, priceSnapshotId);
      return found === null ? null : toPriceSnapshot(found);
    },
  };
}
