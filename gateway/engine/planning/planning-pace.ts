/** Milliseconds a unit of weight, before anything was planned: rather too much than too little. */
const PACE_INITIAL = 0.2;
/** Bounds of the pace: one odd measurement (a busy machine, a cold start) must not decide for long. */
const PACE_MIN = 0.02;
const PACE_MAX = 2;
/** How much one plan changes the pace. */
const ADAPTION = 0.1;
/** Lighter operations tell more about what every plan costs than about the weight. */
const WEIGHT_MIN = 8;

/** Learns from plans how long the operations of one graph take: an exponentially weighted mean of time by weight. */
export class PlanningPace {
  #millisecondsPerWeight = PACE_INITIAL;

  estimate(weight: number): number {
    return weight * this.#millisecondsPerWeight;
  }

  learn(weight: number, milliseconds: number): void {
    if (weight < WEIGHT_MIN) return;
    const observed = Math.min(PACE_MAX, Math.max(PACE_MIN, milliseconds / weight));
    this.#millisecondsPerWeight += ADAPTION * (observed - this.#millisecondsPerWeight);
  }
}
