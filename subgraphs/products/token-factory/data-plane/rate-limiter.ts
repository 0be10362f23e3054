import { LRUCache } from 'lru-cache';
import { RateWindow } from '../domain/rate-window.js';
import type { ServedPolicy } from './model-snapshot.js';

const POLICIES_MAX = 100_000;

interface Windows {
  readonly requests: RateWindow;
  readonly tokens: RateWindow;
}

export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  /** Until the window is empty again. */
  readonly resetMilliseconds: number;
}

export interface RateStates {
  readonly requests: RateState | null;
  readonly tokens: RateState | null;
}

export interface RateReservation {
  /** Corrects the tokens that were assumed to those that were used. */
  settle(usedTokens: number): void;
  /** Takes the whole request back: it never ran. */
  cancel(): void;
}

export type RateAnswer =
  | { readonly ok: true; readonly reservation: RateReservation }
  | {
      readonly ok: false;
      readonly kind: 'requests' | 'tokens';
      readonly limit: number;
      readonly waitMilliseconds: number | null;
    };

/**
 * Requests and tokens a minute, per policy, exact within this process: checking and counting is one step that nothing
 * interrupts, and tokens count by their worst case until they are known. Several gateways each keep their own count.
 */
export class RateLimiter {
  readonly #windows = new LRUCache<string, Windows>({ max: POLICIES_MAX });
  readonly #clock: () => number;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Admits a request under all policies, or under none. */
  reserve(policies: readonly ServedPolicy[], tokens: number): RateAnswer {
    const now = this.#clock();
    for (const policy of policies) {
      const { requests, tokens: tokenWindow } = this.#of(policy.id);
      const checks = [
        { kind: 'requests', window: requests, amount: 1, limit: policy.requestsPerMinute },
        { kind: 'tokens', window: tokenWindow, amount: tokens, limit: policy.tokensPerMinute },
      ] as const;
      for (const { kind, window, amount, limit } of checks) {
        const wait = limit === null ? 0 : window.waitFor(amount, limit, now);
        if (wait !== 0) return { ok: false, kind, limit: limit ?? 0, waitMilliseconds: wait };
      }
    }
    return { ok: true, reservation: this.#book(policies, tokens, now) };
  }

  #book(policies: readonly ServedPolicy[], tokens: number, now: number): RateReservation {
    const booked = policies.map((policy) => {
      const windows = this.#of(policy.id);
      windows.requests.add(1, now);
      return { windows, second: windows.tokens.add(tokens, now) };
    });
    let isOpen = true;
    const giveBack = (requests: number, unused: number): void => {
      if (!isOpen) return;
      isOpen = false;
      const at = this.#clock();
      for (const { windows, second } of booked) {
        windows.requests.giveBack(requests, second, at);
        windows.tokens.giveBack(unused, second, at);
      }
    };
    return { settle: (used) => giveBack(0, Math.max(0, tokens - used)), cancel: () => giveBack(1, tokens) };
  }

  /** Where the tightest policy stands: what the `x-ratelimit-*` headers say. */
  states(policies: readonly ServedPolicy[]): RateStates {
    return {
      requests: this.#tightest(
        policies,
        (policy) => policy.requestsPerMinute,
        (windows) => windows.requests,
      ),
      tokens: this.#tightest(
        policies,
        (policy) => policy.tokensPerMinute,
        (windows) => windows.tokens,
      ),
    };
  }

  #tightest(
    policies: readonly ServedPolicy[],
    limitOf: (policy: ServedPolicy) => number | null,
    windowOf: (windows: Windows) => RateWindow,
  ): RateState | null {
    const now = this.#clock();
    let tightest: RateState | null = null;
    for (const policy of policies) {
      const limit = limitOf(policy);
      if (limit === null) continue;
      const window = windowOf(this.#of(policy.id));
      const remaining = Math.max(0, limit - window.used(now));
      if (tightest !== null && tightest.remaining <= remaining) continue;
      tightest = { limit, remaining, resetMilliseconds: window.waitFor(limit, limit, now) ?? 0 };
    }
    return tightest;
  }

  #of(policyId: string): Windows {
    let windows = this.#windows.get(policyId);
    if (windows === undefined) {
      windows = { requests: new RateWindow(), tokens: new RateWindow() };
      this.#windows.set(policyId, windows);
    }
    return windows;
  }
}
