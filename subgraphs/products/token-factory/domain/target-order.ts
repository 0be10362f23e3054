export interface WeightedTarget {
  readonly tier: number;
  readonly weight: number;
}

/**
 * The order in which targets are tried: tiers ascending, and within a tier a draw without replacement in proportion to
 * the weights. `random` answers numbers from 0 up to, not including, 1.
 */
export function targetOrder<Target extends WeightedTarget>(targets: readonly Target[], random: () => number): Target[] {
  const ordered: Target[] = [];
  const tiers = [...new Set(targets.map((target) => target.tier))].sort((a, b) => a - b);
  for (const tier of tiers) {
    const rest = targets.filter((target) => target.tier === tier);
    while (rest.length > 0) ordered.push(...rest.splice(draw(rest, random()), 1));
  }
  return ordered;
}

function draw(targets: readonly WeightedTarget[], random: number): number {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let point = random * total;
  for (let index = 0; index < targets.length; index += 1) {
    point -= targets[index]?.weight ?? 0;
    if (point < 0) return index;
  }
  return targets.length - 1;
}
