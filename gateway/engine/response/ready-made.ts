import {
  getNamedType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionSetNode,
} from 'graphql';
import { hasSafeName } from '../json.js';
import type { FieldLayout, ObjectLayout } from '../plan/data-layout.js';
import { collectFields, selectionSetsOf } from './collect-fields.js';
import type { ShapeScope } from './response-shape.js';

/** What of the data is part of the response just as it is. */
export interface ReadyMade {
  /** The layouts of objects that need no shaping, nor does anything below them. */
  readonly layouts: ReadonlySet<ObjectLayout>;
  /** The selections of `__typename` that must not show in those. */
  readonly hiddenTypeNames: ReadonlySet<FieldNode>;
}

/**
 * Compares the layout of the data with what the client selected. Where both have the same fields in the same order, and
 * the subgraph declares what the graph does, the data is the response. A `__typename` that only the engine asked for
 * would be too much: it is to be hidden.
 */
export function readyMade(
  scope: ShapeScope,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
  root: ObjectLayout,
): ReadyMade {
  const comparison = new Comparison(scope);
  // The names of the root's fields are copied: there, nothing can be hidden.
  comparison.compare(type, selectionSets, root, { isKnown: true, canHide: false });
  return comparison;
}

class Comparison implements ReadyMade {
  readonly layouts = new Set<ObjectLayout>();
  readonly hiddenTypeNames = new Set<FieldNode>();
  readonly #scope: ShapeScope;

  constructor(scope: ShapeScope) {
    this.#scope = scope;
  }

  /** Whether objects of this layout are ready made. */
  compare(
    type: GraphQLObjectType,
    selectionSets: readonly SelectionSetNode[],
    layout: ObjectLayout,
    place: { readonly isKnown: boolean; readonly canHide: boolean },
  ): boolean {
    const isKnown = place.isKnown && layout.isKnownBelow;
    const wanted = collectFields(this.#scope, type, selectionSets).fields;
    const hides = place.canHide && !wanted.has('__typename');
    const names = [...layout.fields.keys()].filter((name) => !hides || name !== '__typename');
    let isReady = isKnown && layout.isKnown && names.length === wanted.size;
    for (const [name, nodes] of wanted) {
      // Each is looked at, also when the object is not ready: what is below it may be.
      const isSame = this.#isSame(type, name, nodes, layout, isKnown);
      isReady = isSame && names.shift() === name && isReady;
    }
    if (!isReady) return false;
    this.layouts.add(layout);
    if (hides) for (const node of layout.typeNames) this.hiddenTypeNames.add(node);
    return true;
  }

  #isSame(
    type: GraphQLObjectType,
    name: string,
    nodes: readonly FieldNode[],
    layout: ObjectLayout,
    isKnown: boolean,
  ): boolean {
    const [first] = nodes;
    if (!first || !hasSafeName(name)) return false;
    if (first.name.value === '__typename') return name === '__typename';
    const from = this.#scope.dataNames.nameOf(first);
    const field = type.getFields()[first.name.value];
    const found = layout.fields.get(from);
    if (!field || !found || !keepsPromise(field.type, found)) return false;
    const named = getNamedType(field.type);
    if (!isObjectType(named) || !found.below) return isLeafType(named) && from === name;
    const selectionSets = selectionSetsOf(nodes);
    return this.compare(named, selectionSets, found.below, { isKnown, canHide: true }) && from === name;
  }
}

/** Whether whatever a subgraph answers by its type is an answer by the graph's type, too. */
function keepsPromise(promised: GraphQLOutputType, { type, below }: FieldLayout): boolean {
  if (isNonNullType(promised))
    return isNonNullType(type) && keepsPromise(promised.ofType, { type: type.ofType, below });
  if (isNonNullType(type)) return keepsPromise(promised, { type: type.ofType, below });
  if (isListType(promised)) return isListType(type) && keepsPromise(promised.ofType, { type: type.ofType, below });
  if (isListType(type) || promised.name !== type.name) return false;
  // Values may be inaccessible.
  if (isEnumType(promised)) return isEnumType(type) && type.getValues().every(({ name }) => promised.getValue(name));
  return isLeafType(promised) ? isLeafType(type) : below?.typeName === promised.name;
}
