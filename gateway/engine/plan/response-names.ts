import type { DocumentNode, GraphQLSchema } from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import { entitySelection, fieldsOf, operationOf, type SelectedField } from './fetch-selection.js';
import { satisfiesTypeCondition } from './type-conditions.js';

/** The response names that a fetch should bring for an object of the given type. */
export type ResponseNames = (typeName: string | undefined) => readonly string[];

/** For a fetch of root fields. */
export function rootResponseNames(document: DocumentNode): readonly string[] {
  return namesOf([...fieldsOf(operationOf(document).selectionSet, fragmentsOf(document))]);
}

/** For a fetch of entities: the names below `_entities`, by type condition. */
export function entityResponseNames(document: DocumentNode, schema: GraphQLSchema): ResponseNames {
  const fields = [...fieldsOf(entitySelection(document), fragmentsOf(document))];
  const byType = new Map<string, readonly string[]>();
  return (typeName = '') => {
    let names = byType.get(typeName);
    if (!names) {
      names = namesOf(fields.filter(({ on }) => on === undefined || satisfiesTypeCondition(schema, typeName, on)));
      byType.set(typeName, names);
    }
    return names;
  };
}

function namesOf(fields: readonly SelectedField[]): readonly string[] {
  const names = new Set(fields.map(({ node }) => (node.alias ?? node.name).value));
  names.delete('__typename');
  return [...names];
}
