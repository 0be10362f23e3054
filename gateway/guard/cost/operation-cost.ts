import {
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  valueFromASTUntyped,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type OperationDefinitionNode,
} from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import type { Variables } from '../../engine/engine.js';
import type { CostRules } from './cost-rules.js';
import { expectedSize, type Amount } from './list-size.js';
import {
  possibleTypeNames,
  selectedFields,
  selectionsBelow,
  type FieldUse,
  type SelectedField,
  type Selection,
} from './selected-fields.js';

/** What a mutation costs beside its fields, as in Apollo's demand control. */
const MUTATION_BASE = 10;

/** The cost of what is selected on an object: expected, and of the object that came. */
interface SelectionCost {
  readonly fields: readonly FieldCostFunctions[];
  readonly estimate: Amount;
  readonly measure: (object: Readonly<Record<string, unknown>>) => number;
}

interface FieldCostFunctions {
  readonly selected: SelectedField;
  readonly estimate: Amount;
  readonly measure: (value: unknown) => number;
}

/**
 * The cost of one operation by the IBM cost specification (https://ibm.github.io/graphql-specs/cost-spec.html): compiled
 * once, evaluated for the variables of each request, and measured on each response.
 *
 * As in Apollo's demand control, an object that may come costs 1 and a leaf 0, unless `@cost` says otherwise; a list costs
 * its elements; a mutation costs 10 more. `@cost` on a field replaces the weight of the object that it answers, and counts
 * once for a list. Fields are merged by response name first; of types that exclude each other, the dearest counts.
 */
export class OperationCost {
  readonly #base: number;
  readonly #selection: SelectionCost;
  readonly #defaults: Variables;

  /** @param fixed what else it costs, whatever the variables and the response */
  constructor(rules: CostRules, document: DocumentNode, definition: OperationDefinitionNode, fixed = 0) {
    const root = rules.schema.getRootType(definition.operation);
    if (!root) throw new Error(`the graph has no ${definition.operation}`);
    const compiler = new CostCompiler(rules, fragmentsOf(document));
    this.#base = fixed + (definition.operation === OperationTypeNode.MUTATION ? MUTATION_BASE : 0);
    this.#selection = compiler.selection([{ parent: root, selectionSet: definition.selectionSet }], new Map());
    this.#defaults = Object.fromEntries(
      (definition.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
        defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
      ),
    );
  }

  /** The most that a well-behaved graph can make of it. Throws `BAD_USER_INPUT` for a list without its slicing argument. */
  estimate(variables: Variables): number {
    return Math.ceil(this.#base + this.#selection.estimate({ ...this.#defaults, ...variables }));
  }

  /** The part of the estimate that is introspection, whatever the variables: it is answered at once, and blocks others. */
  get introspection(): number {
    const ofRoot = this.#selection.fields.filter(({ selected }) =>
      selected.uses.some(({ field }) => isMeta(field.name)),
    );
    return ofRoot.reduce((total, { estimate }) => total + estimate({}), 0);
  }

  /** What the response cost. Denied and failed fields are null and cost nothing. */
  measure(data: Readonly<Record<string, unknown>> | null | undefined): number {
    return Math.ceil(this.#base + (data ? this.#selection.measure(data) : 0));
  }
}

function isMeta(fieldName: string): boolean {
  return fieldName.startsWith('__');
}

class CostCompiler {
  readonly #rules: CostRules;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(rules: CostRules, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#rules = rules;
    this.#fragments = fragments;
  }

  /** `sizes` bounds the lists that the parent's `sizedFields` name. */
  selection(selections: readonly Selection[], sizes: ReadonlyMap<string, Amount>): SelectionCost {
    const source = { schema: this.#rules.schema, fragments: this.#fragments };
    const fields = selectedFields(source, selections).flatMap((selected) => this.#field(selected, sizes) ?? []);
    return {
      fields,
      estimate: dearestOf(fields, this.#typeNamesOf(selections)),
      measure: (object) => {
        let total = 0;
        for (const { selected, measure } of fields) total += measure(object[selected.responseName]);
        return total;
      },
    };
  }

  /** Answers undefined for a field that costs nothing: it needs no look at its values. */
  #field(selected: SelectedField, sizes: ReadonlyMap<string, Amount>): FieldCostFunctions | undefined {
    const { uses } = selected;
    const [use] = uses;
    if (!use) return undefined;
    const costs = uses.map(({ parent, node }) => this.#rules.ofField(parent, node.name.value));
    const weights = costs.flatMap(({ weight }) => weight ?? []);
    const named = getNamedType(use.field.type);
    const isList = listDepth(use.field.type) > 0;
    const typeWeight = Math.max(...uses.map(({ field }) => this.#weightOf(field.type)));
    const fieldWeight = weights.length > 0 ? Math.max(...weights) : 0;
    const elementWeight = isList || weights.length === 0 ? typeWeight : 0;
    const argumentWeight = this.#argumentWeight(uses);
    const below = isCompositeType(named) ? this.selection(selectionsBelow(uses), this.#sizedBelow(uses)) : undefined;
    if (!below && fieldWeight === 0 && elementWeight === 0 && argumentWeight === 0) return undefined;
    const size = this.#sizeOf(uses, sizes);
    const isIncluded = inclusionOf(uses);
    const once = fieldWeight + argumentWeight;
    const measureElement = (value: unknown): number => {
      if (value === null || value === undefined) return 0;
      if (Array.isArray(value)) {
        let total = 0;
        for (const item of value) total += measureElement(item);
        return total;
      }
      return elementWeight + (below ? below.measure(value as Readonly<Record<string, unknown>>) : 0);
    };
    return {
      selected,
      estimate: (variables) =>
        isIncluded(variables) ? once + size(variables) * (elementWeight + (below ? below.estimate(variables) : 0)) : 0,
      measure: (value) => (value === undefined ? 0 : once + measureElement(value)),
    };
  }

  #weightOf(type: GraphQLOutputType): number {
    const named = getNamedType(type);
    return this.#rules.weightOfType(named.name, isCompositeType(named));
  }

  #argumentWeight(uses: readonly FieldUse[]): number {
    const weights = uses.map(({ parent, node }) => {
      const { argumentWeights } = this.#rules.ofField(parent, node.name.value);
      const given = node.arguments ?? [];
      return given.reduce((total, { name }) => total + (argumentWeights.get(name.value) ?? 0), 0);
    });
    return Math.max(...weights);
  }

  #sizeOf(uses: readonly FieldUse[], inherited: ReadonlyMap<string, Amount>): Amount {
    const { listSizeDefault } = this.#rules;
    const amounts = uses.map(({ parent, node, field }): Amount => {
      const depth = listDepth(field.type);
      if (depth === 0) return () => 1;
      const sized = inherited.get(node.name.value);
      const { listSize } = this.#rules.ofField(parent, node.name.value);
      const outer = sized ?? (listSize ? expectedSize(listSize, node, field, listSizeDefault) : () => listSizeDefault);
      const inner = listSizeDefault ** (depth - 1);
      return inner === 1 ? outer : (variables) => outer(variables) * inner;
    });
    return largestOf(amounts);
  }

  /** The sizes that a connection's `@listSize` gives to the lists inside what it answers. */
  #sizedBelow(uses: readonly FieldUse[]): ReadonlyMap<string, Amount> {
    const sized = new Map<string, Amount[]>();
    for (const { parent, node, field } of uses) {
      const { listSize } = this.#rules.ofField(parent, node.name.value);
      if (!listSize || listSize.sizedFields.length === 0) continue;
      const size = expectedSize(listSize, node, field, this.#rules.listSizeDefault);
      for (const name of listSize.sizedFields) sized.set(name, [...(sized.get(name) ?? []), size]);
    }
    return new Map([...sized].map(([name, amounts]) => [name, largestOf(amounts)]));
  }

  #typeNamesOf(selections: readonly Selection[]): ReadonlySet<string> {
    const { schema } = this.#rules;
    const parents = new Set<GraphQLCompositeType>(selections.map(({ parent }) => parent));
    return new Set([...parents].flatMap((parent) => [...possibleTypeNames(schema, parent)]));
  }
}

/** An object is of one type: the sum of the fields of that type, for the type where it is largest. */
function dearestOf(fields: readonly FieldCostFunctions[], typeNames: ReadonlySet<string>): Amount {
  const estimates = fields.map(({ estimate }) => estimate);
  if (fields.every(({ selected }) => selected.typeNames.size === typeNames.size)) {
    return (variables) => {
      let total = 0;
      for (const estimate of estimates) total += estimate(variables);
      return total;
    };
  }
  const groups = new Map<string, readonly number[]>();
  for (const name of typeNames) {
    const members = fields.flatMap(({ selected }, index) => (selected.typeNames.has(name) ? [index] : []));
    groups.set(members.join(), members);
  }
  const alternatives = [...groups.values()];
  return (variables) => {
    const amounts = estimates.map((estimate) => estimate(variables));
    let most = 0;
    for (const members of alternatives) {
      let total = 0;
      for (const index of members) total += amounts[index] ?? 0;
      most = Math.max(most, total);
    }
    return most;
  };
}

function largestOf(amounts: readonly Amount[]): Amount {
  const [first, ...others] = amounts;
  if (first && others.length === 0) return first;
  return (variables) => Math.max(...amounts.map((amount) => amount(variables)));
}

function listDepth(type: GraphQLOutputType): number {
  if (isNonNullType(type)) return listDepth(type.ofType as GraphQLOutputType);
  return isListType(type) ? 1 + listDepth(type.ofType) : 0;
}

/** Whether any use of a field is left by its `@skip` and `@include`. */
function inclusionOf(uses: readonly FieldUse[]): (variables: Variables) => boolean {
  const conditions = uses.map(({ directives }) => directives.filter(isCondition));
  if (conditions.some((directives) => directives.length === 0)) return () => true;
  return (variables) => conditions.some((directives) => directives.every((directive) => isMet(directive, variables)));
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}

function isMet(directive: DirectiveNode, variables: Variables): boolean {
  const value = directive.arguments?.find(({ name }) => name.value === 'if')?.value;
  const condition =
    value?.kind === Kind.VARIABLE ? variables[value.name.value] : value?.kind === Kind.BOOLEAN && value.value;
  return directive.name.value === 'skip' ? condition !== true : condition !== false;
}
