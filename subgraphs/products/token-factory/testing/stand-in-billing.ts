import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { inTurn } from '../../../../kernel/testing/in-turn.js';
import type { Billing, HoldRequest, PriceSnapshot, UsageEvent } from '../../../platform/billing/index.js';

/**
 * Billing as its contract says, in memory, for tests of the gateway alone. It is not transactional: tests of crashes and
 * of money under concurrency use the real one.
 */
export class StandInBilling implements Pick<Billing, 'prices' | 'holds' | 'usage' | 'balance'> {
  balanceNanos = 10_000_000_000n;
  /** By `priceKey unit`. */
  readonly priceBook = new Map<string, bigint>();
  readonly snapshots = new Map<string, PriceSnapshot>();
  readonly open = new Map<string, { request: HoldRequest; leftNanos: bigint }>();
  readonly events = new Map<string, UsageEvent>();
  readonly closed = new Set<string>();
  /** Makes the next so many recordings throw, as a lost database does. */
  failingRecords = 0;
  holdsAsked = 0;

  get heldNanos(): bigint {
    return [...this.open.values()].reduce((sum, hold) => sum + hold.leftNanos, 0n);
  }

  tokens(unit: string): bigint {
    return [...this.events.values()]
      .filter((event) => event.unit === unit)
      .reduce((sum, event) => sum + event.baseQuantity, 0n);
  }

  readonly prices: Billing['prices'] = {
    snapshot: async (_tx, { priceKey, unit }): Promise<Outcome<PriceSnapshot>> => {
      const nanos = this.priceBook.get(`${priceKey} ${unit}`);
      if (nanos === undefined) return refuse('PRICE_UNKNOWN', `No price is in force for ${priceKey} ${unit}.`);
      const known = [...this.snapshots.values()].find(
        (one) => one.priceKey === priceKey && one.unit === unit && one.unitPriceNanos === nanos,
      );
      const snapshot = known ?? {
        id: newId('psn'),
        priceKey,
        unit,
        unitPriceNanos: nanos,
        currency: 'USD',
        hash: 'stand-in',
      };
      this.snapshots.set(snapshot.id, snapshot);
      return accept(snapshot);
    },
    snapshots: (tx, requests) => inTurn(requests, (request) => this.prices.snapshot(tx, request)),
    byId: async (_tx, id) => this.snapshots.get(id) ?? null,
  };

  readonly holds: Billing['holds'] = {
    hold: async (_tx, request): Promise<Outcome<{ holdId: string }>> => {
      this.holdsAsked += 1;
      if (this.closed.has(request.reference)) return refuse('INVALID_STATE', 'The hold is closed.');
      if (this.balanceNanos - this.heldNanos < request.amountNanos) {
        return refuse('INSUFFICIENT_BALANCE', 'The account cannot cover the request.', {
          details: { available: String(this.balanceNanos - this.heldNanos) },
        });
      }
      this.open.set(request.reference, { request, leftNanos: request.amountNanos });
      return accept({ holdId: request.reference });
    },
    holdTogether: (tx, requests) => inTurn(requests, (request) => this.holds.hold(tx, request)),
    settle: async (_tx, { reference }) => {
      this.open.delete(reference);
      this.closed.add(reference);
      return accept({ transferId: null });
    },
    void: async (_tx, reference) => {
      this.open.delete(reference);
      this.closed.add(reference);
    },
  };

  readonly usage: Billing['usage'] = {
    record: async (_tx, event) => {
      if (this.failingRecords > 0) {
        this.failingRecords -= 1;
        throw new Error('the ledger is away');
      }
      const amountNanos = event.baseQuantity * (this.snapshots.get(event.priceSnapshotId)?.unitPriceNanos ?? 0n);
      if (this.events.has(event.id)) return accept({ usageId: event.id, amountNanos, isDuplicate: true });
      this.events.set(event.id, event);
      this.balanceNanos -= amountNanos;
      const hold = event.holdReference === undefined ? undefined : this.open.get(event.holdReference);
      if (hold !== undefined) hold.leftNanos -= amountNanos;
      return accept({ usageId: event.id, amountNanos, isDuplicate: false });
    },
  };

  async balance(): ReturnType<Billing['balance']> {
    const heldNanos = this.heldNanos;
    return {
      postedNanos: this.balanceNanos,
      heldNanos,
      availableNanos: this.balanceNanos - heldNanos,
      currency: 'USD',
      state: 'healthy',
    };
  }
}
