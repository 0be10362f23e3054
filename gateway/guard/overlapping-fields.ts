import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../document-fragments.js';

/** Steps that counting may take before it gives up: cycles of fragments multiply, and are refused by validation later. */
const STEPS_MAX = 50_000;
/** Deeper than any document may be: only a cycle of fragments gets here. */
const DEPTH_MAX = 100;

/**
 * How many pairs of fields share a response name at the same place, once fragments are merged. Validation compares each
 * such pair (GraphQL specification, 5.3.2), so that its time grows with this number and not with the document's length.
 * Infinity when it is too large to be counted.
 */
export function countOverlappingPairs(document: DocumentNode): number {
  const counter = new OverlapCounter(fragmentsOf(document));
  let pairs = 0;
  for (const definition of document.definitions) {
    if ('selectionSet' in definition && definition.selectionSet) pairs += counter.pairsIn([definition.selectionSet], 0);
  }
  return pairs;
}

interface Group {
  count: number;
  readonly below: SelectionSetNode[];
}

class OverlapCounter {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  #steps = 0;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments;
  }

  pairsIn(selectionSets: readonly SelectionSetNode[], depth: number): number {
    if (depth > DEPTH_MAX) return 0;
    const groups = new Map<string, Group>();
    const entered = new Set<string>();
    for (const selectionSet of selectionSets) this.#collect(selectionSet, groups, entered);
    let pairs = 0;
    for (const { count, below } of groups.values()) {
      if (this.#steps > STEPS_MAX) return Infinity;
      pairs += (count * (count - 1)) / 2;
      if (below.length > 0) pairs += this.pairsIn(below, depth + 1);
    }
    return pairs;
  }

  #collect(selectionSet: SelectionSetNode, groups: Map<string, Group>, entered: Set<string>): void {
    for (const selection of selectionSet.selections) {
      if (++this.#steps > STEPS_MAX) return;
      if (selection.kind === Kind.INLINE_FRAGMENT) this.#collect(selection.selectionSet, groups, entered);
      else if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        let group = groups.get(name);
        if (!group) groups.set(name, (group = { count: 0, below: [] }));
        group.count++;
        if (selection.selectionSet) group.below.push(selection.selectionSet);
      } else if (!entered.has(selection.name.value)) {
        entered.add(selection.name.value);
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment) this.#collect(fragment.selectionSet, groups, entered);
      }
    }
  }
}
