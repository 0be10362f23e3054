import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Outcome } from '../../../kernel/errors/refusal.js';
import type { Nanos } from '../../../kernel/money/nano-units.js';
import type { Subgraph } from '../../../kernel/subgraph.js';

/** A price as it was at one moment, frozen: what a resource was launched under is what it is rated with. */
export interface PriceSnapshot {
  readonly id: string;
  /** What is priced, such as `sku:h200-sxm-slice` or `model:mdl_…`. */
  readonly priceKey: string;
  /** A registered usage unit, such as `gpu_hour`. */
  readonly unit: string;
  /** Price of one unit (one GPU-hour, one token), in nano-units of the currency. */
  readonly unitPriceNanos: Nanos;
  readonly currency: string;
  /** SHA-256 over the canonical JSON of the price: what a customer can verify. */
  readonly hash: string;
}

export interface Prices {
  /** Freezes the price in force now. Refuses with PRICE_UNKNOWN: nothing runs without a price. */
  snapshot(
    tx: Transaction,
    request: { priceKey: string; unit: string; organizationId: string },
  ): Promise<Outcome<PriceSnapshot>>;
  /** As `snapshot`, for several in one statement; answers in their order. */
  snapshots(
    tx: Transaction,
    requests: readonly { priceKey: string; unit: string; organizationId: string }[],
  ): Promise<readonly Outcome<PriceSnapshot>[]>;
  byId(tx: Transaction, priceSnapshotId: string): Promise<PriceSnapshot | null>;
}

export interface Place {
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
}

export interface HoldRequest {
  readonly place: Place;
  readonly amountNanos: Nanos;
  /** The identifier of what will cost, such as `alc_…` or `mrq_…`; more than one hold of it: `alc_…:words`. Unique for ever. */
  readonly reference: string;
  readonly reason: string;
  /** After this time the hold gives itself back. */
  readonly ttlSeconds: number;
  /** What it will be rated with: shown as the price of what the reference names, before any usage is. */
  readonly priceSnapshotId?: string;
}

/** Money held for something that will cost: a pending transfer with a time-out. */
export interface Holds {
  /**
   * Refuses with INSUFFICIENT_BALANCE or BUDGET_EXCEEDED (details: available, needed, scope). The same reference answers
   * the first hold while it is active, and is refused with INVALID_STATE once it is closed.
   */
  hold(tx: Transaction, request: HoldRequest): Promise<Outcome<{ holdId: string }>>;
  /**
   * As `hold` for each request in turn, mostly in one statement for all. One that is refused holds nothing, and does not
   * count for those after it. The accounts are locked in the order of their organizations.
   */
  holdTogether(tx: Transaction, requests: readonly HoldRequest[]): Promise<readonly Outcome<{ holdId: string }>[]>;
  /**
   * Closes the hold: posts up to `amountNanos`, the whole cost of what was held for, and gives the rest back, exactly
   * once. Usage that was recorded against the hold counts as part of the amount. Never above the hold (INVALID_INPUT).
   */
  settle(
    tx: Transaction,
    request: { reference: string; amountNanos: Nanos },
  ): Promise<Outcome<{ transferId: string | null }>>;
  /** Gives the whole hold back; nothing happens when it is settled or gone. */
  void(tx: Transaction, reference: string): Promise<void>;
}

export type UsageSource = 'allocation' | 'app_runtime' | 'token_factory';

/** One metered quantity over one window (CloudEvents `id` and `source` name it; the pair counts once for ever). */
export interface UsageEvent {
  readonly id: string;
  readonly source: UsageSource;
  readonly productId: string;
  readonly place: Place;
  readonly actorId: string;
  /** A registered usage unit, such as `gpu_hour`. */
  readonly unit: string;
  /** Whole number of the unit's base, such as GPU-seconds for `gpu_hour`, tokens for `input_token`. */
  readonly baseQuantity: bigint;
  readonly windowStart: Date;
  readonly windowEnd: Date;
  readonly priceSnapshotId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly allocationId?: string;
  readonly appInstanceId?: string;
  readonly correlationId: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * Post from what this hold has left before the free balance. Any number of events may name one hold; it stays open
   * until it is spent, settled, voided or expires; the last three give the rest back.
   */
  readonly holdReference?: string;
}

export interface Usage {
  /**
   * Accepts, rates and posts in the caller's transaction. A duplicate is accepted once and answered as such. Refuses
   * NOT_REGISTERED (unit or product), INVALID_INPUT. Usage of what already ran posts even when the balance goes below zero.
   */
  record(
    tx: Transaction,
    event: UsageEvent,
  ): Promise<Outcome<{ usageId: string; amountNanos: Nanos; isDuplicate: boolean }>>;
}

export type BalanceState = 'healthy' | 'low_balance' | 'auto_release_pending' | 'depleted';

/** A list price to begin with. */
export interface SeedPrice {
  readonly priceKey: string;
  readonly unit: string;
  /** Price of one unit, in nano-units. */
  readonly unitPriceNanos: Nanos;
}

export interface Billing {
  readonly subgraph: Subgraph;
  readonly prices: Prices;
  readonly holds: Holds;
  readonly usage: Usage;
  /** Derived, never stored. `availableNanos` excludes what is held. */
  balance(
    tx: Transaction,
    organizationId: string,
  ): Promise<{ postedNanos: Nanos; heldNanos: Nanos; availableNanos: Nanos; currency: string; state: BalanceState }>;
  /** Sets each list price that the book does not have yet, and answers how many; run again it does nothing. Needs the authority and the registry. */
  seedPriceBook(prices: readonly SeedPrice[]): Promise<number>;
}
