import {
  isInterfaceType,
  isObjectType,
  Kind,
  visit,
  type ConstDirectiveNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { type FragmentMap, fragmentsOf } from '../../document-fragments.js';
import type { GatewayOperation, Variables } from '../engine.js';
import { textArgument } from '../plan/join-directives.js';
import { sameOperation } from '../same-operation.js';

/** How many sets of values an operation keeps its forms for, and how many variables may be tried out beforehand. */
const FORMS_MAX = 16;
const FORESEEN_VARIABLES_MAX = 2;

/** What is kept of one operation. */
interface Conditions {
  /** The variables that decide whether a field with `@requires` is asked for. */
  readonly names: readonly string[];
  /** By the values of those. */
  readonly forms: Map<string, GatewayOperation>;
}

/** The response name of what is selected where nothing is left. No client's field has such a name (GraphQL, 2.1.3). */
export const PLACEHOLDER = '__nothing';

const NOTHING: FieldNode = {
  kind: Kind.FIELD,
  alias: { kind: Kind.NAME, value: PLACEHOLDER },
  name: { kind: Kind.NAME, value: '__typename' },
};

/**
 * Decides `@skip` and `@include` around fields with `@requires` before the operation is planned. Apollo's planner fetches
 * what such a field needs under the field's condition, but takes it to be there in any case: skipped, it would take its
 * siblings along (https://github.com/apollographql/federation/issues/3317).
 */
export class ConditionalRequirements {
  /** Names of fields that have `@requires` in some type: to take one too many does no harm. */
  readonly #requiring: ReadonlySet<string>;
  readonly #known = new WeakMap<GatewayOperation, Conditions>();

  constructor(supergraph: GraphQLSchema) {
    this.#requiring = requiringFields(supergraph);
  }

  /** The operation as it is to be planned for these values; always the same object for the same ones, while it is kept. */
  formOf<Operation extends GatewayOperation>(operation: Operation, variables: Variables): Operation {
    if (this.#requiring.size === 0) return operation;
    const { forms, names } = this.#conditionsOf(operation);
    if (names.length === 0) return operation;
    let key = '';
    for (const name of names) key += variables[name] === true ? '1' : '0';
    const known = forms.get(key);
    if (known) return known as Operation;
    const form = decided(operation, names, variables);
    const [oldest] = forms.keys();
    if (forms.size >= FORMS_MAX && oldest !== undefined) forms.delete(oldest);
    forms.set(key, form);
    return form;
  }

  /** The forms to plan beforehand, when no values are known: all, unless there are many. */
  foreseenForms<Operation extends GatewayOperation>(operation: Operation): readonly Operation[] {
    if (this.#requiring.size === 0) return [operation];
    const { names } = this.#conditionsOf(operation);
    if (names.length > FORESEEN_VARIABLES_MAX) return [];
    const values = Array.from({ length: 2 ** names.length }, (_, bits) =>
      Object.fromEntries(names.map((name, index) => [name, ((bits >> index) & 1) === 1])),
    );
    return values.map((variables) => this.formOf(operation, variables));
  }

  #conditionsOf(operation: GatewayOperation): Conditions {
    let conditions = this.#known.get(operation);
    if (!conditions) {
      const { definition, document } = operation.fetched;
      const names = new ConditionSearch(document, this.#requiring).search(definition.selectionSet);
      this.#known.set(operation, (conditions = { names, forms: new Map() }));
    }
    return conditions;
  }
}

function requiringFields(supergraph: GraphQLSchema): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of Object.values(supergraph.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const { name, astNode } of Object.values(type.getFields())) {
      if (astNode?.directives?.some(isRequirement)) names.add(name);
    }
  }
  return names;
}

/** `@join__field(graph: …, requires: "…")` (https://specs.apollo.dev/join/v0.3/#@join__field). */
function isRequirement(directive: ConstDirectiveNode): boolean {
  return directive.name.value === 'join__field' && textArgument(directive, 'requires') !== undefined;
}

class ConditionSearch {
  readonly #requiring: ReadonlySet<string>;
  readonly #fragments: FragmentMap;
  /** Whether something in a fragment requires. */
  readonly #seen = new Map<string, boolean>();
  readonly #names = new Set<string>();

  constructor(document: DocumentNode, requiring: ReadonlySet<string>) {
    this.#requiring = requiring;
    this.#fragments = fragmentsOf(document);
  }

  search(selectionSet: SelectionSetNode): readonly string[] {
    this.#requires(selectionSet);
    return [...this.#names].sort();
  }

  #requires({ selections }: SelectionSetNode): boolean {
    let isFound = false;
    for (const selection of selections) {
      if (!this.#selectionRequires(selection)) continue;
      isFound = true;
      for (const directive of selection.directives ?? []) {
        const name = variableOf(directive);
        if (name !== undefined) this.#names.add(name);
      }
    }
    return isFound;
  }

  #selectionRequires(selection: SelectionNode): boolean {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.#fragmentRequires(selection.name.value);
    const isBelow = selection.selectionSet !== undefined && this.#requires(selection.selectionSet);
    return isBelow || (selection.kind === Kind.FIELD && this.#requiring.has(selection.name.value));
  }

  #fragmentRequires(name: string): boolean {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name);
    const isFound = fragment !== undefined && this.#requires(fragment.selectionSet);
    this.#seen.set(name, isFound);
    return isFound;
  }
}

/** The variable that a `@skip` or `@include` depends on. */
function variableOf({ name, arguments: given }: DirectiveNode): string | undefined {
  if (name.value !== 'skip' && name.value !== 'include') return undefined;
  const value = given?.find((argument) => argument.name.value === 'if')?.value;
  return value?.kind === Kind.VARIABLE ? value.name.value : undefined;
}

/** Only what is fetched is decided: the response is shaped by the client's own document and the same values. */
function decided<Operation extends GatewayOperation>(
  operation: Operation,
  names: readonly string[],
  variables: Variables,
): Operation {
  const decide = <Selection extends SelectionNode>(selection: Selection): Selection | null | undefined => {
    const { directives = [] } = selection;
    const kept: DirectiveNode[] = [];
    for (const directive of directives) {
      const name = variableOf(directive);
      if (name === undefined || !names.includes(name)) kept.push(directive);
      else if ((variables[name] === true) === (directive.name.value === 'skip')) return null;
    }
    return kept.length === directives.length ? undefined : { ...selection, directives: kept };
  };
  const document = visit(operation.fetched.document, {
    Field: { enter: decide },
    InlineFragment: { enter: decide },
    FragmentSpread: { enter: decide },
    SelectionSet: {
      leave: (selectionSet) =>
        selectionSet.selections.length > 0 ? undefined : { ...selectionSet, selections: [NOTHING] },
    },
  });
  return { ...operation, fetched: { document, definition: sameOperation(document, operation.definition) } };
}
