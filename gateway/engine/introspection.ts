import {
  executeSync,
  Kind,
  OperationTypeNode,
  print,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
} from 'graphql';
import { fragmentsIn } from '../document-fragments.js';
import { LRUCache } from 'lru-cache';
import type { GatewayOperation, Variables } from './engine.js';

/** Answers kept for each schema: what tools ask (GraphiQL, code generators) differs little, and each is a megabyte or so. */
const ANSWERS_MAX = 8;

const answersOf = new WeakMap<GraphQLSchema, LRUCache<string, { readonly value: unknown }>>();

/**
 * Answers `__schema` and `__type` from the API schema: no subgraph is asked. The whole of a large schema takes some
 * hundredths of a second to be answered, so answers are kept: do not change them.
 */
export function introspect(
  schema: GraphQLSchema,
  operation: GatewayOperation,
  variableValues: Variables,
  nodes: readonly FieldNode[],
  responseName: string,
): unknown {
  const document = introspectionOf(operation, nodes);
  let answers = answersOf.get(schema);
  if (!answers) {
    answers = new LRUCache({ max: ANSWERS_MAX });
    answersOf.set(schema, answers);
  }
  const key = JSON.stringify([responseName, print(document), variableValues]);
  const known = answers.get(key);
  if (known) return known.value;
  const { data, errors } = executeSync({ schema, variableValues, document });
  if (errors?.[0]) throw errors[0];
  const value = data?.[responseName] ?? null;
  answers.set(key, { value });
  return value;
}

/** The operation with nothing but these fields, and the fragments that it may spread. */
function introspectionOf({ definition, document }: GatewayOperation, nodes: readonly FieldNode[]): DocumentNode {
  return {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        ...definition,
        operation: OperationTypeNode.QUERY,
        selectionSet: { kind: Kind.SELECTION_SET, selections: nodes },
      },
      ...fragmentsIn(document),
    ],
  };
}
