import type { LoggedEvent } from '../events/event-feed.js';
import type { Transaction } from '../database/transaction.js';

/**
 * Background work of a domain: level-triggered and idempotent. It compares desired with observed and does the next
 * step; it may run twice, late, or not at all for a while, and must still be right.
 */
export interface Job {
  /** `<domain>.<what it does>`; also the name of its lease. */
  readonly name: string;
  /** The longest pause between two runs, in milliseconds. */
  readonly everyMilliseconds: number;
  /** Event types (or prefixes ending in a dot) that make it run at once. */
  readonly wakeOn?: readonly string[];
  /** Does a bounded amount of work; true when there is more to do at once. */
  readonly run: (signal: AbortSignal) => Promise<boolean>;
}

/** Handles events in order, each exactly once in effect: its position moves in the transaction of the effect. */
export interface Consumer {
  readonly name: string;
  readonly types: readonly string[];
  readonly handle: (tx: Transaction, entry: LoggedEvent) => Promise<void>;
  /** Where a consumer begins that never ran: at the first kept event, or with what happens from now on. */
  readonly startsAt?: 'beginning' | 'now';
}
