import { Kind, type DocumentNode, type OperationDefinitionNode } from 'graphql';

/** The operation of this name in a document that was made of another one. */
export function sameOperation(document: DocumentNode, { name }: OperationDefinitionNode): OperationDefinitionNode {
  const found = document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === name?.value,
  );
  if (!found) throw new Error('the document has lost its operation');
  return found;
}
