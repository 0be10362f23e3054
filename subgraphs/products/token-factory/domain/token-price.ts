import type { Nanos } from '../../../../kernel/money/nano-units.js';

/** What a token costs, as frozen in two price snapshots of billing. Models without output have no output price. */
export interface TokenPrice {
  readonly inputPriceId: string;
  readonly inputNanos: Nanos;
  readonly outputPriceId: string | null;
  readonly outputNanos: Nanos;
  readonly currency: string;
}

export interface TokenCount {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export function costOf(price: TokenPrice, count: TokenCount): Nanos {
  return price.inputNanos * BigInt(count.inputTokens) + price.outputNanos * BigInt(count.outputTokens);
}

/** The most that a request can cost over all targets that may serve it: what is held before it starts. */
export function worstCase(prices: readonly TokenPrice[], bound: TokenCount): Nanos {
  return prices.reduce((worst, price) => {
    const cost = costOf(price, bound);
    return cost > worst ? cost : worst;
  }, 0n);
}

/** The most output tokens that `availableNanos` pays for at the dearest price; below zero when not even the prompt is paid. */
export function affordableOutput(prices: readonly TokenPrice[], inputTokens: number, availableNanos: Nanos): number {
  let fewest = Number.MAX_SAFE_INTEGER;
  for (const price of prices) {
    const rest = availableNanos - price.inputNanos * BigInt(inputTokens);
    if (rest < 0n) return -1;
    if (price.outputNanos > 0n) fewest = Math.min(fewest, Number(rest / price.outputNanos));
  }
  return fewest;
}

/**
 * The count that is charged: never more than what was held. A provider that reports more than the bound it was given is
 * not the customer's cost: output is cut first, then input.
 */
export function withinHold(price: TokenPrice, count: TokenCount, heldNanos: Nanos): TokenCount {
  if (costOf(price, count) <= heldNanos) return count;
  const inputTokens =
    price.inputNanos === 0n ? count.inputTokens : Math.min(count.inputTokens, Number(heldNanos / price.inputNanos));
  const rest = heldNanos - price.inputNanos * BigInt(inputTokens);
  const outputTokens =
    price.outputNanos === 0n ? count.outputTokens : Math.min(count.outputTokens, Number(rest / price.outputNanos));
  return { inputTokens, outputTokens };
}
