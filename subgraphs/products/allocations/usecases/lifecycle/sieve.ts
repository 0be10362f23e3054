import type { Accepted, Outcome, Refused } from '../../../../../kernel/errors/refusal.js';

/** Something that has a place in a list. */
export interface Placed {
  readonly index: number;
}

/** Verdicts on a list that is decided step by step: each step lets some pass, and what the others are told is final. */
export class Sieve<Value> {
  readonly #verdicts: (Outcome<Value> | null)[];

  constructor(size: number) {
    this.#verdicts = Array.from({ length: size }, () => null);
  }

  /** In the order of the list; null for those that nothing was said of. */
  get verdicts(): readonly (Outcome<Value> | null)[] {
    return this.#verdicts;
  }

  refuse(index: number, refused: Refused): void {
    this.#verdicts[index] = refused;
  }

  accept(index: number, accepted: Accepted<Value>): void {
    this.#verdicts[index] = accepted;
  }

  /** Those that a step lets pass. A step's null keeps an item back without a verdict. */
  pass<Item extends Placed>(items: readonly Item[], outcomes: readonly (Outcome<unknown> | null)[]): Item[] {
    return this.gain(items, outcomes).map(({ item }) => item);
  }

  /** As {@link pass}, with what each gained. */
  gain<Item extends Placed, Gain>(
    items: readonly Item[],
    outcomes: readonly (Outcome<Gain> | null)[],
  ): { readonly item: Item; readonly value: Gain }[] {
    if (outcomes.length !== items.length) throw new Error('a step answered more or fewer than it was asked');
    return items.flatMap((item, at) => {
      const outcome = outcomes[at] ?? null;
      if (outcome?.ok === true) return [{ item, value: outcome.value }];
      if (outcome !== null) this.refuse(item.index, outcome);
      return [];
    });
  }
}
