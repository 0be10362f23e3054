import { Kind, type DocumentNode, type GraphQLSchema, type SelectionSetNode } from 'graphql';
import { satisfiesTypeCondition } from './type-conditions.js';

/** The response names that a fetch should bring for an object of the given type. */
export type ResponseNames = (typeName: string | undefined) => readonly string[];

/** For a fetch of root fields. */
export function rootResponseNames(document: DocumentNode): ResponseNames {
  const names = new Set<string>();
  for (const { name } of namedFields(operationSelection(document), undefined)) names.add(name);
  return () => [...names];
}

/** For a fetch of entities: the names below `_entities`, by type condition. */
export function entityResponseNames(document: DocumentNode, schema: GraphQLSchema): ResponseNames {
  const [entities] = operationSelection(document).selections;
  if (entities?.kind !== Kind.FIELD || !entities.selectionSet) throw new Error('an entity fetch must select _entities');
  const fields = [...namedFields(entities.selectionSet, undefined)];
  const byType = new Map<string, readonly string[]>();
  return (typeName = '') => {
    let names = byType.get(typeName);
    if (!names) {
      const matching = fields.filter(({ on }) => on === undefined || satisfiesTypeCondition(schema, typeName, on));
      names = [...new Set(matching.map(({ name }) => name))];
      byType.set(typeName, names);
    }
    return names;
  };
}

function operationSelection(document: DocumentNode): SelectionSetNode {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('a fetch must hold an operation');
  return operation.selectionSet;
}

function* namedFields(
  selectionSet: SelectionSetNode,
  on: string | undefined,
): Generator<{ name: string; on?: string }> {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      const name = (selection.alias ?? selection.name).value;
      if (name !== '__typename') yield on === undefined ? { name } : { name, on };
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      yield* namedFields(selection.selectionSet, selection.typeCondition?.name.value ?? on);
    } else {
      throw new Error('the planner was asked not to use named fragments');
    }
  }
}
