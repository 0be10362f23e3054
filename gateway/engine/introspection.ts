import { executeSync, Kind, OperationTypeNode, type FieldNode, type GraphQLSchema } from 'graphql';
import type { GatewayOperation, Variables } from './engine.js';

/** Answers `__schema` and `__type` from the API schema: no subgraph is asked. */
export function introspect(
  schema: GraphQLSchema,
  operation: GatewayOperation,
  variableValues: Variables,
  nodes: readonly FieldNode[],
  responseName: string,
): unknown {
  const { definition, document } = operation;
  const { data, errors } = executeSync({
    schema,
    variableValues,
    document: {
      kind: Kind.DOCUMENT,
      definitions: [
        {
          ...definition,
          operation: OperationTypeNode.QUERY,
          selectionSet: { kind: Kind.SELECTION_SET, selections: nodes },
        },
        ...document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION),
      ],
    },
  });
  if (errors?.[0]) throw errors[0];
  return data?.[responseName] ?? null;
}
