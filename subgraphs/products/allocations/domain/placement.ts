/** A slot that is free now. */
export interface FreeSlot {
  readonly id: string;
  readonly index: number;
  readonly numaNode: number;
}

/** A node that schedules now, with what is free on it. */
export interface CandidateNode {
  readonly id: string;
  readonly freeUnits: number;
  readonly totalUnits: number;
  readonly slots: readonly FreeSlot[];
}

export interface Placement {
  readonly nodeId: string;
  /** Exact slots; empty when the whole node is taken. */
  readonly slotIds: readonly string[];
  readonly numaSpan: number;
  /** Units that stay free on the node afterwards. */
  readonly leftover: number;
}

/** More NUMA domains than any host has; the choice among subsets of them is exact up to here. */
const NUMA_DOMAINS_MAX = 10;

/**
 * Where a request fits, best first: fewest NUMA domains, then the fullest node (best fit), then the least broken-up
 * domains, then the identifier. `units` is a number of slots on exactly one node, or null for a whole, empty node.
 */
export function rankPlacements(units: number | null, nodes: readonly CandidateNode[]): Placement[] {
  const placements: (Placement & { fragments: number })[] = [];
  for (const node of nodes) {
    if (units === null) {
      if (node.totalUnits > 0 && node.freeUnits === node.totalUnits) {
        placements.push({ nodeId: node.id, slotIds: [], numaSpan: 0, leftover: 0, fragments: 0 });
      }
      continue;
    }
    const choice = node.freeUnits >= units ? chooseSlots(units, node.slots) : null;
    if (choice === null) continue;
    const { slots, numaSpan, fragments } = choice;
    const slotIds = slots.map((slot) => slot.id);
    placements.push({ nodeId: node.id, slotIds, numaSpan, leftover: node.freeUnits - units, fragments });
  }
  placements.sort(
    (left, right) =>
      left.numaSpan - right.numaSpan ||
      left.leftover - right.leftover ||
      left.fragments - right.fragments ||
      (left.nodeId < right.nodeId ? -1 : 1),
  );
  return placements.map(({ fragments: _fragments, ...placement }) => placement);
}

/**
 * Exactly `count` slots in the fewest NUMA domains; among those, the domains that leave the fewest free slots behind
 * (`fragments`); lowest indexes first. Null when there are not enough.
 */
export function chooseSlots(
  count: number,
  slots: readonly FreeSlot[],
): { slots: readonly FreeSlot[]; numaSpan: number; fragments: number } | null {
  if (slots.length < count) return null;
  const domains = new Map<number, FreeSlot[]>();
  for (const slot of slots) domains.set(slot.numaNode, [...(domains.get(slot.numaNode) ?? []), slot]);
  const keys = [...domains.keys()].sort((left, right) => left - right).slice(0, NUMA_DOMAINS_MAX);
  let best: { keys: number[]; size: number } | null = null;
  for (let subset = 1; subset < 2 ** keys.length; subset += 1) {
    const chosen = keys.filter((_, bit) => (subset >> bit) % 2 === 1);
    const size = chosen.reduce((sum, key) => sum + (domains.get(key)?.length ?? 0), 0);
    if (size < count) continue;
    const isBetter =
      best === null || chosen.length < best.keys.length || (chosen.length === best.keys.length && size < best.size);
    if (isBetter) best = { keys: chosen, size };
  }
  if (best === null) return null;
  const pool = best.keys.flatMap((key) => (domains.get(key) ?? []).sort((left, right) => left.index - right.index));
  return { slots: pool.slice(0, count), numaSpan: best.keys.length, fragments: best.size - count };
}
