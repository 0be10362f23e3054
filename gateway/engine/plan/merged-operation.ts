import {
  Kind,
  OperationTypeNode,
  print,
  stripIgnoredCharacters,
  type ArgumentNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import type { SubgraphOperation } from '../../transports/subgraph-transport.js';
import { operationOf } from './fetch-selection.js';

/** Several fetches of entities as one operation. */
export interface MergedOperation {
  readonly operation: SubgraphOperation;
  /** For each fetch, the alias of its `_entities`, and the name of its variable of representations. */
  readonly names: readonly { readonly alias: string; readonly variable: string }[];
}

/**
 * Writes fetches of `_entities` of one subgraph as one operation. Variables of the client keep their names, for they
 * mean the same in all. Undefined if fragments of one name differ: then nothing is merged.
 */
export function mergeOperations(operations: readonly SubgraphOperation[]): MergedOperation | undefined {
  const documents = operations.map(({ document }) => document);
  const definitions = new Map<string, VariableDefinitionNode>();
  for (const document of documents) {
    for (const definition of operationOf(document).variableDefinitions ?? [])
      definitions.set(definition.variable.name.value, definition);
  }
  const ofRepresentations = definitions.get('representations');
  const fragments = mergedFragments(documents);
  if (!ofRepresentations || !fragments) return undefined;
  definitions.delete('representations');
  const names = documents.map((_, index) => ({
    alias: `entities${index}`,
    variable: unusedName(`representations${index}`, definitions),
  }));
  const fields: FieldNode[] = [];
  for (const [index, document] of documents.entries()) {
    const field = aliasedEntities(document, names[index]?.alias ?? '', names[index]?.variable ?? '');
    if (!field) return undefined;
    fields.push(field);
  }
  const [first] = documents.map(operationOf);
  if (!first) return undefined;
  const merged: OperationDefinitionNode = {
    ...first,
    variableDefinitions: [
      ...names.map(({ variable }) => renamedDefinition(ofRepresentations, variable)),
      ...definitions.values(),
    ],
    selectionSet: { kind: Kind.SELECTION_SET, selections: fields },
  };
  return { names, operation: operationFrom({ kind: Kind.DOCUMENT, definitions: [merged, ...fragments] }, operations) };
}

function operationFrom(document: DocumentNode, [first]: readonly SubgraphOperation[]): SubgraphOperation {
  return {
    kind: OperationTypeNode.QUERY,
    text: stripIgnoredCharacters(print(document)),
    document,
    operationName: first?.operationName,
    ...(first?.hiddenTypeNames ? { hiddenTypeNames: first.hiddenTypeNames } : {}),
  };
}

function mergedFragments(documents: readonly DocumentNode[]): readonly DefinitionNode[] | undefined {
  const byName = new Map<string, DefinitionNode>();
  for (const document of documents) {
    for (const [name, fragment] of fragmentsOf(document)) {
      const known = byName.get(name);
      if (known && print(known) !== print(fragment)) return undefined;
      byName.set(name, fragment);
    }
  }
  return [...byName.values()];
}

function aliasedEntities(document: DocumentNode, alias: string, variable: string): FieldNode | undefined {
  const [field, ...others] = operationOf(document).selectionSet.selections;
  if (field?.kind !== Kind.FIELD || field.name.value !== '_entities' || others.length > 0) return undefined;
  const argument: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: 'representations' },
    value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } },
  };
  return { ...field, alias: { kind: Kind.NAME, value: alias }, arguments: [argument] };
}

function renamedDefinition(definition: VariableDefinitionNode, name: string): VariableDefinitionNode {
  return { ...definition, variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } } };
}

function unusedName(wanted: string, used: ReadonlyMap<string, unknown>): string {
  let name = wanted;
  while (used.has(name)) name = `${name}_`;
  return name;
}
