import type { FetchNode, PlanNode } from '@apollo/query-planner';
import {
  getNamedType,
  GraphQLNonNull,
  GraphQLString,
  isObjectType,
  Kind,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionSetNode,
} from 'graphql';
import { collectFields, selectionSetsOf, type CollectScope } from '../response/collect-fields.js';
import type { FetchCompilation } from './fetch-compilation.js';
import { fetchOperation } from './fetch-operation.js';
import { entitySelection, operationOf } from './fetch-selection.js';

/** A field of the data, as the subgraph that answers it declares it. */
export interface FieldLayout {
  readonly type: GraphQLOutputType;
  /** Of its objects; undefined for a leaf, and where they may be of several types. */
  readonly below: ObjectLayout | undefined;
}

/**
 * What the objects at one place of the data hold when all fetches of a plan have answered, none with an error: known
 * beforehand where subgraphs answer exactly what is selected.
 */
export class ObjectLayout {
  /** In the subgraphs; undefined for the root, which may have another name in each. */
  readonly typeName: string | undefined;
  /** By name, in the order in which they come. */
  readonly fields = new Map<string, FieldLayout>();
  /** The selections of `__typename` that are answered here. */
  readonly typeNames: FieldNode[] = [];
  /** False if there may be other fields, or another order. */
  isKnown = true;
  /** False if nothing is known of what is below either. */
  isKnownBelow = true;

  constructor(typeName: string | undefined) {
    this.typeName = typeName;
  }

  spoil(): void {
    this.isKnown = false;
    this.isKnownBelow = false;
  }
}

/** Follows the fetches of a plan, and tells the layout of its data. */
export function dataLayout(plan: PlanNode, compilation: FetchCompilation): ObjectLayout {
  const root = new ObjectLayout(undefined);
  new LayoutWriter(root, compilation).write(plan, [], new Set());
  return root;
}

/** The layouts that a part of a plan wrote to. */
type Written = Set<ObjectLayout>;

class LayoutWriter {
  readonly #root: ObjectLayout;
  readonly #compilation: FetchCompilation;

  constructor(root: ObjectLayout, compilation: FetchCompilation) {
    this.#root = root;
    this.#compilation = compilation;
  }

  write(node: PlanNode, path: readonly string[], written: Written): void {
    switch (node.kind) {
      case 'Fetch':
        return this.#fetch(node, path, written);
      case 'Flatten':
        return this.write(node.node, [...path, ...node.path.map(String)], written);
      case 'Sequence':
        for (const child of node.nodes) this.write(child, path, written);
        return;
      case 'Parallel':
        return this.#parallel(node.nodes, path, written);
      // Whether the fetches below are made depends on the request.
      default:
        this.#root.spoil();
    }
  }

  /** Which of them answers first is not known. */
  #parallel(nodes: readonly PlanNode[], path: readonly string[], written: Written): void {
    const writtenBefore: Written = new Set();
    for (const node of nodes) {
      const own: Written = new Set();
      this.write(node, path, own);
      for (const layout of own) {
        if (writtenBefore.has(layout)) layout.isKnown = false;
        writtenBefore.add(layout);
        written.add(layout);
      }
    }
  }

  #fetch(node: FetchNode, path: readonly string[], written: Written): void {
    const target = this.#at(path);
    if (!target) return;
    written.add(target);
    const selected = this.#selected(node);
    const isOfTarget = node.requires ? selected?.type.name === target.typeName : target === this.#root;
    if (!selected || !isOfTarget) target.spoil();
    else addFields(selected.scope, selected.type, [selected.selectionSet], target);
  }

  /** Undefined if more than this may be answered, or less, or under other names. */
  #selected(node: FetchNode): Selected | undefined {
    const { schema } = this.#compilation.transportOf(node.serviceName);
    if (!schema || node.inputRewrites?.length || node.outputRewrites?.length) return undefined;
    const { document } = fetchOperation(node, this.#compilation);
    if (document.definitions.length > 1 || hasDirectives(document)) return undefined;
    const scope = { schema, fragments: NO_FRAGMENTS, variables: {}, isIncremental: false };
    if (node.requires) return selectedOfEntities(scope, document);
    const { operation, selectionSet } = operationOf(document);
    const type = schema.getRootType(operation);
    return type && operation !== OperationTypeNode.SUBSCRIPTION ? { scope, type, selectionSet } : undefined;
  }

  /** The layout at a plan's path. Undefined where objects may be of several types, of which nothing is known anyway. */
  #at(path: readonly string[]): ObjectLayout | undefined {
    let layout: ObjectLayout | undefined = this.#root;
    for (const step of path) {
      if (step === '' || step === '@') continue;
      if (step.includes('|')) {
        // Fetched for objects of some types only.
        layout.spoil();
        return undefined;
      }
      layout = layout.fields.get(step)?.below;
      if (!layout) return undefined;
    }
    return layout;
  }
}

function hasDirectives(document: DocumentNode): boolean {
  let isFound = false;
  visit(document, { Directive: () => void (isFound = true) });
  return isFound;
}

const NO_FRAGMENTS: CollectScope['fragments'] = new Map();
const TYPE_NAME: FieldLayout = { type: new GraphQLNonNull(GraphQLString), below: undefined };

interface Selected {
  readonly scope: CollectScope;
  readonly type: GraphQLObjectType;
  readonly selectionSet: SelectionSetNode;
}

/** Undefined for entities of several types. */
function selectedOfEntities(scope: CollectScope, document: DocumentNode): Selected | undefined {
  const [only, ...others] = entitySelection(document).selections;
  if (only?.kind !== Kind.INLINE_FRAGMENT || others.length > 0) return undefined;
  const type = scope.schema.getType(only.typeCondition?.name.value ?? '');
  return isObjectType(type) ? { scope, type, selectionSet: only.selectionSet } : undefined;
}

function addFields(
  scope: CollectScope,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
  layout: ObjectLayout,
): void {
  const isNew = layout.fields.size === 0;
  for (const [name, nodes] of collectFields(scope, type, selectionSets).fields) {
    const fieldName = nodes[0]?.name.value ?? '';
    const known = layout.fields.get(name);
    if (fieldName === '__typename') {
      layout.typeNames.push(...nodes);
      // Where a later fetch names the type, objects that had no such property get one.
      if (name !== '__typename' || (!known && !isNew)) layout.spoil();
      layout.fields.set(name, known ?? TYPE_NAME);
      continue;
    }
    const field = type.getFields()[fieldName];
    // Objects that two fetches bring are merged.
    if (!field || known?.below) return layout.spoil();
    if (known) continue;
    const named = getNamedType(field.type);
    const below = isObjectType(named) ? new ObjectLayout(named.name) : undefined;
    layout.fields.set(name, { type: field.type, below });
    if (below && isObjectType(named)) addFields(scope, named, selectionSetsOf(nodes), below);
  }
}
