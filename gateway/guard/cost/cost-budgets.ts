import { LRUCache } from 'lru-cache';

/** Principals remembered; the one longest unseen goes first, and would begin with a full budget. */
const PRINCIPALS_MAX = 50_000;

/** How much a principal may spend: so much at once, refilled by so much a second. In units of cost. */
export interface BudgetTerms {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  left: number;
  /** Milliseconds of a monotonic clock. */
  filledAt: number;
}

/** Whether an amount was taken; what is left; and if it was not, when it could be. */
export interface Withdrawal {
  readonly isGranted: boolean;
  readonly left: number;
  readonly retryAfterSeconds: number;
}

/** Token buckets by principal. They count in this process alone, and exactly. */
export class CostBudgets {
  readonly #buckets = new LRUCache<string, Bucket>({ max: PRINCIPALS_MAX });
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  withdraw(principal: string, amount: number, terms: BudgetTerms): Withdrawal {
    const bucket = this.#filled(principal, terms);
    if (bucket.left < amount) {
      const seconds = (amount - bucket.left) / terms.perSecond;
      return { isGranted: false, left: bucket.left, retryAfterSeconds: seconds };
    }
    bucket.left -= amount;
    return { isGranted: true, left: bucket.left, retryAfterSeconds: 0 };
  }

  /** Gives back what was not used, or takes what was used beyond: a budget may fall below zero. Answers what is left. */
  settle(principal: string, difference: number, terms: BudgetTerms): number {
    const bucket = this.#filled(principal, terms);
    bucket.left = Math.min(terms.burst, bucket.left + difference);
    return bucket.left;
  }

  #filled(principal: string, { burst, perSecond }: BudgetTerms): Bucket {
    const now = this.#now();
    let bucket = this.#buckets.get(principal);
    if (!bucket) {
      bucket = { left: burst, filledAt: now };
      this.#buckets.set(principal, bucket);
      return bucket;
    }
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.filledAt) / 1_000) * perSecond);
    bucket.filledAt = now;
    return bucket;
  }
}
