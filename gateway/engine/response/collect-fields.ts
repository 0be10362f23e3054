import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Variables } from '../engine.js';

export interface CollectScope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Variables;
  /** Whether fragments marked `@defer` are left for later; else they are answered with the rest. */
  readonly isIncremental: boolean;
}

/** A fragment that is left for later. */
export interface DeferredFragment {
  readonly label: string;
  readonly selectionSet: SelectionSetNode;
}

export interface CollectedFields {
  /** By response name. */
  readonly fields: ReadonlyMap<string, readonly FieldNode[]>;
  readonly deferred: readonly DeferredFragment[];
}

/**
 * CollectFields of the GraphQL specification (6.3.2): the fields to answer for a type, grouped by response name.
 * The type may be an interface when no subgraph needed to tell the concrete one.
 */
export function collectFields(
  scope: CollectScope,
  type: GraphQLObjectType | GraphQLInterfaceType,
  selectionSets: readonly SelectionSetNode[],
): CollectedFields {
  const collected: Collection = { fields: new Map(), deferred: [], visited: new Set() };
  for (const selectionSet of selectionSets) collect(scope, type, selectionSet, collected);
  return collected;
}

/** What is selected below a field that may be selected more than once. */
export function selectionSetsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
}

interface Collection {
  readonly fields: Map<string, FieldNode[]>;
  readonly deferred: DeferredFragment[];
  readonly visited: Set<string>;
}

function collect(
  scope: CollectScope,
  type: GraphQLObjectType | GraphQLInterfaceType,
  selectionSet: SelectionSetNode,
  collected: Collection,
): void {
  const { fields, deferred, visited } = collected;
  for (const selection of selectionSet.selections) {
    if (!isIncluded(selection, scope.variables)) continue;
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      const known = fields.get(name);
      if (known) known.push(selection);
      else fields.set(name, [selection]);
      continue;
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      if (visited.has(selection.name.value)) continue;
      visited.add(selection.name.value);
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? scope.fragments.get(selection.name.value) : selection;
    if (!fragment || !applies(scope.schema, type, fragment.typeCondition?.name.value)) continue;
    const label = scope.isIncremental ? deferLabel(selection, scope) : undefined;
    if (label === undefined) collect(scope, type, fragment.selectionSet, collected);
    else deferred.push({ label, selectionSet: fragment.selectionSet });
  }
}

/** The label of a fragment that is deferred in fact. */
function deferLabel(selection: SelectionNode, { schema, variables }: CollectScope): string | undefined {
  const directive = schema.getDirective('defer');
  const values = directive && getDirectiveValues(directive, selection, variables);
  return values && values['if'] !== false && typeof values['label'] === 'string' ? values['label'] : undefined;
}

function isIncluded(selection: SelectionNode, variables: Variables): boolean {
  if (!selection.directives?.length) return true;
  if (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.['if'] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.['if'] !== false;
}

function applies(
  schema: GraphQLSchema,
  type: GraphQLObjectType | GraphQLInterfaceType,
  condition: string | undefined,
): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditionType = schema.getType(condition);
  return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
}
