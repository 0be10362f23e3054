import {
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
  type FieldNode,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { SubgraphOperation } from '../subgraph-transport.js';

/** A query that can be repeated, and the response names of its root fields. */
export interface Repeatable {
  readonly rootNames: readonly string[];
  /** A query that asks for the root fields several times, with variables of their own each time. */
  repeat(times: number): SubgraphOperation;
}

/** The response name that a root field has in one of the times. */
export function repeatedName(time: number, name: string): string {
  return `of${time}_${name}`;
}

/** The name that a variable has in one of the times. */
export function repeatedVariable(time: number, name: string): string {
  return `${name}_of${time}`;
}

/**
 * Undefined unless it is a query of plain root fields, not of entities, and has variables: without, it is answered alike
 * each time.
 */
export function repeatableOf({ document, kind, operationName }: SubgraphOperation): Repeatable | undefined {
  const [definition, ...others] = document.definitions;
  if (kind !== 'query' || others.length > 0 || definition?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const { directives, selectionSet, variableDefinitions = [] } = definition;
  const fields = selectionSet.selections.filter((selection) => selection.kind === Kind.FIELD);
  const isPlain = fields.length === selectionSet.selections.length && (directives ?? []).length === 0;
  const isOfEntities = fields.some(({ name }) => name.value === '_entities');
  if (!isPlain || isOfEntities || variableDefinitions.length === 0) return undefined;
  return {
    rootNames: fields.map(nameOf),
    repeat(times) {
      const all = Array.from({ length: times }, (_, time) => time);
      const repeated: OperationDefinitionNode = {
        ...definition,
        variableDefinitions: all.flatMap((time) => variableDefinitions.map((one) => renamed(one, time))),
        selectionSet: { ...selectionSet, selections: all.flatMap((time) => fields.map((one) => aliased(one, time))) },
      };
      const text = stripIgnoredCharacters(print(repeated));
      return { kind, operationName, text, document: { kind: Kind.DOCUMENT, definitions: [repeated] } };
    },
  };
}

function nameOf({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

function aliased(field: FieldNode, time: number): FieldNode {
  return { ...renamed(field, time), alias: { kind: Kind.NAME, value: repeatedName(time, nameOf(field)) } };
}

function renamed<Node extends FieldNode | VariableDefinitionNode>(node: Node, time: number): Node {
  return visit(node, {
    Variable: ({ name }) => ({
      kind: Kind.VARIABLE,
      name: { kind: Kind.NAME, value: repeatedVariable(time, name.value) },
    }),
  });
}
