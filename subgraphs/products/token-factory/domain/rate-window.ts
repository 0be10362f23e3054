/**
 * Counts over the last sixty seconds, exact in one process: in no window of sixty seconds is more admitted than the
 * limit. The count is kept by seconds; the oldest second is given back only when all of it is older than the window,
 * so the error is always on the strict side and at most one second long.
 */
const SECONDS = 61;

export class RateWindow {
  readonly #counts = new Float64Array(SECONDS);
  #second = 0;
  #total = 0;

  /** What was counted in the last sixty seconds. */
  used(nowMilliseconds: number): number {
    this.#advance(nowMilliseconds);
    return this.#total;
  }

  /** Adds an amount; answers the second it was booked in, so that it can be corrected. */
  add(amount: number, nowMilliseconds: number): number {
    this.#advance(nowMilliseconds);
    const index = this.#second % SECONDS;
    this.#counts[index] = (this.#counts[index] ?? 0) + amount;
    this.#total += amount;
    return this.#second;
  }

  /** Gives back a part of what was booked in a second, if that second still counts. */
  giveBack(amount: number, bookedSecond: number, nowMilliseconds: number): void {
    this.#advance(nowMilliseconds);
    if (this.#second - bookedSecond >= SECONDS) return;
    const index = bookedSecond % SECONDS;
    const rest = Math.min(amount, this.#counts[index] ?? 0);
    this.#counts[index] = (this.#counts[index] ?? 0) - rest;
    this.#total -= rest;
  }

  /** Milliseconds until `amount` fits below `limit`; null when it never will. */
  waitFor(amount: number, limit: number, nowMilliseconds: number): number | null {
    this.#advance(nowMilliseconds);
    if (amount > limit) return null;
    let excess = this.#total + amount - limit;
    if (excess <= 0) return 0;
    for (let age = SECONDS - 1; age >= 0; age -= 1) {
      const second = this.#second - age;
      if (second < 0) continue;
      excess -= this.#counts[second % SECONDS] ?? 0;
      if (excess <= 0) return (second + SECONDS) * 1000 - nowMilliseconds;
    }
    return SECONDS * 1000;
  }

  #advance(nowMilliseconds: number): void {
    const second = Math.floor(nowMilliseconds / 1000);
    const steps = Math.min(second - this.#second, SECONDS);
    for (let step = 1; step <= steps; step += 1) {
      const index = (second - steps + step) % SECONDS;
      this.#total -= this.#counts[index] ?? 0;
      this.#counts[index] = 0;
    }
    // A clock that goes back books into the present second: never into one that was given back.
    if (second > this.#second) this.#second = second;
  }
}
