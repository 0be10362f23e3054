import {
  possibleRuntimeTypes,
  type CompositeType,
  type FieldSelection,
  type Operation,
  type SelectionSet,
} from '@apollo/federation-internals';

/** A selection set, and the names of the types that it is for; undefined where it is for all that its place may hold. */
interface Branch {
  readonly selectionSet: SelectionSet;
  readonly types: ReadonlySet<string> | undefined;
}

interface BranchField {
  readonly field: FieldSelection;
  /** Names of the types that it is selected on. */
  readonly types: string;
}

/**
 * Whether an operation asks for one response name, on objects of different types at the same place, for different things
 * below: `... on Novel { author { id: name } } ... on Film { author { id: age } }`. Without type conditions in its paths
 * a plan knows one `author` only, fetches all for both, and takes the one `id` for the other.
 */
export function hasDivergentBranches(operation: Operation): boolean {
  return diverge([{ selectionSet: operation.expandAllFragments().selectionSet, types: undefined }]);
}

function diverge(branches: readonly Branch[]): boolean {
  const fields = new Map<string, BranchField[]>();
  for (const branch of branches) collect(branch, fields);
  return [...fields.values()].some((uses) => {
    const [first, ...others] = uses;
    if (!first) return false;
    if (others.some((other) => other.types !== first.types && textBelow(other.field) !== textBelow(first.field)))
      return true;
    return diverge(
      uses.flatMap(({ field: { selectionSet } }) => (selectionSet ? [{ selectionSet, types: undefined }] : [])),
    );
  });
}

function collect({ selectionSet, types }: Branch, fields: Map<string, BranchField[]>): void {
  for (const selection of selectionSet.selections()) {
    if (selection.kind === 'FragmentSelection') {
      const { typeCondition } = selection.element;
      const inner = typeCondition ? narrowed(types, selectionSet.parentType, typeCondition) : types;
      collect({ selectionSet: selection.selectionSet, types: inner }, fields);
    } else if (selection.selectionSet) {
      const name = selection.element.responseName();
      const use = { field: selection, types: types ? [...types].join() : '' };
      fields.set(name, [...(fields.get(name) ?? []), use]);
    }
  }
}

/** Undefined as long as the conditions hold for all that the parent type allows. */
function narrowed(
  types: ReadonlySet<string> | undefined,
  parent: CompositeType,
  condition: CompositeType,
): ReadonlySet<string> | undefined {
  const known = types ?? typeNames(parent);
  const left = known.intersection(typeNames(condition));
  return !types && left.size === known.size ? undefined : left;
}

function typeNames(type: CompositeType): ReadonlySet<string> {
  return new Set(
    possibleRuntimeTypes(type)
      .map(({ name }) => name)
      .toSorted(),
  );
}

function textBelow({ element, selectionSet }: FieldSelection): string {
  return `${String(element)} ${String(selectionSet)}`;
}
