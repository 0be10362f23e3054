import { Kind, type DocumentNode, type FieldNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import type { FragmentMap } from '../../document-fragments.js';

/** A field of a fetch, and the innermost type condition around it within its selection set. */
export interface SelectedField {
  readonly node: FieldNode;
  readonly on: string | undefined;
}

export function operationOf(document: DocumentNode): OperationDefinitionNode {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('a fetch must hold an operation');
  return operation;
}

/** What a fetch selects below `_entities`. */
export function entitySelection(document: DocumentNode): SelectionSetNode {
  const [entities] = operationOf(document).selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || !entities.selectionSet) throw new Error('an entity fetch must select _entities');
  return entities.selectionSet;
}

/** The fields of a selection set, those in fragments included. */
export function* fieldsOf(
  selectionSet: SelectionSetNode,
  fragments: FragmentMap,
  on?: string,
): Generator<SelectedField> {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      yield { node: selection, on };
      continue;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    if (fragment) yield* fieldsOf(fragment.selectionSet, fragments, fragment.typeCondition?.name.value ?? on);
  }
}
