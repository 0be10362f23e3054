import type { Outcome } from '../../../../kernel/errors/refusal.js';
import type { Nanos } from '../../../../kernel/money/nano-units.js';
import type { Place } from '../../../platform/billing/index.js';
import type { TokenCount, TokenPrice } from '../domain/token-price.js';

export interface SpendRequest {
  /** `mrq_…`: names the hold and, with a suffix, the usage. */
  readonly requestId: string;
  readonly place: Place;
  readonly routeId: string;
  readonly actorId: string;
  readonly correlationId: string;
  /** The most that the request can cost. */
  readonly amountNanos: Nanos;
}

/** What a request used, and at which price. */
export interface Spent {
  readonly price: TokenPrice;
  readonly modelSlug: string;
  readonly count: TokenCount;
}

/** The right to spend up to what was held, for one request. Close it once: {@link settle} or {@link release}. */
export interface SpendTicket {
  readonly heldNanos: Nanos;
  /** Remembers the count so far; written down now and then, so that a crash loses little of it. */
  progress(spent: Spent): void;
  /** Charges what was used, never more than was held, exactly once. Does not fail: it tries until the ledger has it. */
  settle(spent: Spent): Promise<Nanos>;
  /** Nothing was used. */
  release(): Promise<void>;
}

/**
 * Money before and after a request. Implementations differ in how often they speak to the ledger, never in the promise:
 * nothing runs that could cost more than is held, and nobody pays for more than was counted.
 */
export interface SpendGuard {
  /** Refuses INSUFFICIENT_BALANCE, BUDGET_EXCEEDED (details: available). Throws when the ledger cannot be asked: fail closed. */
  hold(request: SpendRequest): Promise<Outcome<SpendTicket>>;
  start(): void;
  /** Waits, within bounds, until what is due is settled. */
  stop(): Promise<void>;
}
