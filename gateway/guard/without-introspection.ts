import {
  Kind,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../document-fragments.js';

export interface OperationDocument {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
}

const INTROSPECTION = new Set(['__schema', '__type']);
const TYPENAME = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } } as const;

/**
 * What is left of an operation for the planner: introspection is answered from the schema, and asks for things that the
 * planner need not know. Fragments that only introspection spreads go with it. Answers the same object if there is none.
 */
export function withoutIntrospection(operation: OperationDocument): OperationDocument {
  let isChanged = false;
  const document = visit(operation.document, {
    Field: ({ name }) => {
      if (!INTROSPECTION.has(name.value)) return undefined;
      isChanged = true;
      return null;
    },
    SelectionSet: { leave: (node) => (node.selections.length > 0 ? undefined : { ...node, selections: [TYPENAME] }) },
  });
  if (!isChanged) return operation;
  const index = operation.document.definitions.indexOf(operation.definition);
  const definition = document.definitions[index];
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('removing fields keeps the operation');
  return { definition, document: { ...document, definitions: [definition, ...spreadBy(definition, document)] } };
}

function spreadBy(definition: OperationDefinitionNode, document: DocumentNode): FragmentDefinitionNode[] {
  const byName = fragmentsOf(document);
  const used = new Set<FragmentDefinitionNode>();
  const waiting: SelectionSetNode[] = [definition.selectionSet];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    visit(next, {
      FragmentSpread: ({ name }) => {
        const fragment = byName.get(name.value);
        if (!fragment || used.has(fragment)) return;
        used.add(fragment);
        waiting.push(fragment.selectionSet);
      },
    });
  }
  return [...used];
}
