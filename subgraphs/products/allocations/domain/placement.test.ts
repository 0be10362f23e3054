import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CandidateNode, type FreeSlot, chooseSlots, rankPlacements } from './placement.js';

/** Every way to choose, tried: the oracle that the real algorithm must agree with. */
function naiveBest(count: number, slots: readonly FreeSlot[]): { numaSpan: number; fragments: number } | null {
  let best: { numaSpan: number; fragments: number } | null = null;
  for (let subset = 0; subset < 2 ** slots.length; subset += 1) {
    const chosen = slots.filter((_, bit) => Math.floor(subset / 2 ** bit) % 2 === 1);
    if (chosen.length !== count) continue;
    const domains = new Set(chosen.map((slot) => slot.numaNode));
    const fragments = slots.filter((slot) => domains.has(slot.numaNode)).length - count;
    const isBetter =
      best === null || domains.size < best.numaSpan || (domains.size === best.numaSpan && fragments < best.fragments);
    if (isBetter) best = { numaSpan: domains.size, fragments };
  }
  return best;
}

const slotsOf = (prefix: string, domains: readonly number[]): FreeSlot[] =>
  domains.map((numaNode, index) => ({ id: `${prefix}-${index}`, index, numaNode }));

const arbitrarySlots = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 9 });

describe('placement', () => {
  it('chooses as well as trying every subset of slots would', () => {
    fc.assert(
      fc.property(arbitrarySlots, fc.integer({ min: 1, max: 9 }), (domains, count) => {
        const slots = slotsOf('s', domains);
        const choice = chooseSlots(count, slots);
        const oracle = naiveBest(count, slots);
        expect(choice === null ? null : { numaSpan: choice.numaSpan, fragments: choice.fragments }).toEqual(oracle);
        const chosen = choice?.slots ?? [];
        expect(new Set(chosen.map((slot) => slot.id)).size).toBe(choice === null ? 0 : count);
        expect(chosen.every((slot) => slots.includes(slot))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('ranks exactly the nodes that fit, and the first is at least as good as every other', () => {
    fc.assert(
      fc.property(fc.array(arbitrarySlots, { maxLength: 6 }), fc.integer({ min: 1, max: 6 }), (nodes, units) => {
        const candidates: CandidateNode[] = nodes.map((domains, at) => ({
          id: `n${at}`,
          freeUnits: domains.length,
          totalUnits: 9,
          slots: slotsOf(`n${at}`, domains),
        }));
        const ranked = rankPlacements(units, candidates);
        const fitting = candidates.filter((node) => naiveBest(units, node.slots) !== null).map((node) => node.id);
        expect(ranked.map((placement) => placement.nodeId).sort()).toEqual(fitting.sort());
        const cost = ranked.map((placement) => placement.numaSpan * 1000 + placement.leftover);
        expect(cost).toEqual(cost.toSorted((left, right) => left - right));
      }),
    );
  });

  it('gives a whole node only when it is empty', () => {
    const node = (id: string, freeUnits: number, totalUnits: number): CandidateNode => ({
      id,
      freeUnits,
      totalUnits,
      slots: [],
    });
    expect(
      rankPlacements(null, [node('used', 7, 8), node('empty', 8, 8), node('nothing', 0, 0)]).map(
        (placement) => placement.nodeId,
      ),
    ).toEqual(['empty']);
  });

  it('prefers the fullest node that keeps the slots in one NUMA domain', () => {
    const roomy = { id: 'roomy', freeUnits: 8, totalUnits: 8, slots: slotsOf('r', [0, 0, 0, 0, 1, 1, 1, 1]) };
    const torn = { id: 'torn', freeUnits: 2, totalUnits: 8, slots: slotsOf('t', [0, 1]) };
    const tight = { id: 'tight', freeUnits: 3, totalUnits: 8, slots: slotsOf('g', [0, 0, 1]) };
    const ranked = rankPlacements(2, [roomy, torn, tight]);
    expect(ranked.map((placement) => placement.nodeId)).toEqual(['tight', 'roomy', 'torn']);
    expect(ranked[0]?.slotIds).toEqual(['g-0', 'g-1']);
  });
});
