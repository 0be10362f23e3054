import type { FetchNode, PlanNode, QueryPlanSelectionNode, SubscriptionNode } from '@apollo/query-planner';
import { Kind, parse, print, visit, type DocumentNode, type FieldNode } from 'graphql';
import { replaceFetches, withDocument } from './replace-fetches.js';
import { requirementKey, STAND_IN_PATTERN, type RequiredFields } from './required-fields.js';

type Restoration = Pick<RequiredFields, 'standIns' | 'requirements'>;
type KeyRenamer = Extract<NonNullable<FetchNode['inputRewrites']>[number], { kind: 'KeyRenamer' }>;

/**
 * Turns a plan for the supergraph with stand-ins (see {@link RequiredFields}) into one for the real subgraphs: the
 * field that is meant is fetched under the stand-in's name, and sent under its own. A fetch whose fields require one
 * field with different arguments becomes several, for a representation can hold it only once.
 */
export function restoreRequiredFields(
  root: PlanNode | SubscriptionNode,
  restoration: Restoration,
): PlanNode | SubscriptionNode {
  return replaceFetches(root, (fetch) => restoreFetch(fetch, restoration));
}

function restoreFetch(fetch: FetchNode, restoration: Restoration): FetchNode[] {
  if (fetch.requires === undefined) return [withRealFields(fetch, restoration)];
  const groups = compatibleGroups(fetch, restoration);
  return groups.map(({ fields, standIns }) => {
    const part = groups.length === 1 ? fetch : withFields(fetch, fields);
    const requires = (fetch.requires ?? []).flatMap((selection) => withStandIns(selection, standIns, restoration));
    const renamed = requires.flatMap((selection) => renamers(selection, [], restoration));
    const inputRewrites = [...(fetch.inputRewrites ?? []), ...renamed];
    return withRealFields({ ...part, requires, ...(inputRewrites.length > 0 ? { inputRewrites } : {}) }, restoration);
  });
}

interface FieldGroup {
  readonly fields: Set<FieldNode>;
  readonly standIns: Set<string>;
}

/** The fields that a fetch asks entities for, so that no group needs one field with two sets of arguments. */
function compatibleGroups(fetch: FetchNode, { standIns, requirements }: Restoration): FieldGroup[] {
  const groups: FieldGroup[] = [{ fields: new Set(), standIns: new Set() }];
  const meant = (name: string): string | undefined => standIns.get(name)?.field.name.value;
  for (const field of entityFields(parse(fetch.operation, { noLocation: true }))) {
    const needed = requirements.get(requirementKey(fetch.serviceName, field.name.value)) ?? new Set();
    const conflicts = (known: string): boolean =>
      [...needed].some((name) => name !== known && meant(name) === meant(known));
    let group = groups.find((candidate) => ![...candidate.standIns].some(conflicts));
    if (group === undefined) groups.push((group = { fields: new Set(), standIns: new Set() }));
    group.fields.add(field);
    for (const name of needed) group.standIns.add(name);
  }
  return groups.filter(({ fields }) => fields.size > 0);
}

function* entityFields(document: DocumentNode): Generator<FieldNode> {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const entities of definition.selectionSet.selections) {
      if (entities.kind === Kind.FIELD) yield* fieldsBelow(entities);
    }
  }
}

function* fieldsBelow(node: { readonly selectionSet?: FieldNode['selectionSet'] }): Generator<FieldNode> {
  for (const selection of node.selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) yield selection;
    else if (selection.kind === Kind.INLINE_FRAGMENT) yield* fieldsBelow(selection);
  }
}

/** The same fetch for some of its fields. */
function withFields(fetch: FetchNode, fields: ReadonlySet<FieldNode>): FetchNode {
  const texts = new Set([...fields].map(print));
  const document = parse(fetch.operation, { noLocation: true });
  const dropped = new Set([...entityFields(document)].filter((field) => !texts.has(print(field))));
  const pruned = visit(document, {
    Field: (field) => (dropped.has(field) ? null : undefined),
    InlineFragment: { leave: (fragment) => (fragment.selectionSet.selections.length === 0 ? null : undefined) },
  });
  return withDocument(fetch, pruned);
}

function withStandIns(
  selection: QueryPlanSelectionNode,
  kept: ReadonlySet<string>,
  restoration: Restoration,
): QueryPlanSelectionNode[] {
  if (selection.kind === 'Field' && restoration.standIns.has(selection.name) && !kept.has(selection.name)) return [];
  if (selection.selections === undefined) return [selection];
  const selections = selection.selections.flatMap((inner) => withStandIns(inner, kept, restoration));
  return selections.length === 0 && selection.selections.length > 0 ? [] : [{ ...selection, selections }];
}

function renamers(
  selection: QueryPlanSelectionNode,
  parents: readonly string[],
  restoration: Restoration,
): KeyRenamer[] {
  const step =
    selection.kind === 'Field' ? selection.name : selection.typeCondition && `... on ${selection.typeCondition}`;
  const path = step === undefined ? [...parents] : [...parents, step];
  const below = (selection.selections ?? []).flatMap((inner) => renamers(inner, path, restoration));
  const standIn = selection.kind === 'Field' ? restoration.standIns.get(selection.name) : undefined;
  // What lies deeper is renamed first: then the path to it is still there.
  return standIn ? [...below, { kind: 'KeyRenamer', path, renameKeyTo: standIn.field.name.value }] : below;
}

function withRealFields(fetch: FetchNode, { standIns }: Restoration): FetchNode {
  if (!STAND_IN_PATTERN.test(fetch.operation)) return fetch;
  const document = visit(parse(fetch.operation, { noLocation: true }), {
    Field: (field) => {
      const standIn = standIns.get(field.name.value);
      if (standIn === undefined) return undefined;
      return {
        ...field,
        alias: field.alias ?? field.name,
        name: standIn.field.name,
        arguments: standIn.field.arguments,
      };
    },
  });
  return withDocument(fetch, document);
}
