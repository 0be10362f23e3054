import type { FetchNode } from '@apollo/query-planner';
import { parse } from 'graphql';
import type { SubgraphOperation } from '../../transports/subgraph-transport.js';
import type { FetchCompilation } from './fetch-compilation.js';

const operations = new WeakMap<FetchNode, SubgraphOperation>();

/** The operation of a fetch, always the same one. */
export function fetchOperation(
  node: FetchNode,
  { hiddenTypeNames }: Pick<FetchCompilation, 'hiddenTypeNames'>,
): SubgraphOperation {
  const known = operations.get(node);
  if (known) return known;
  const operation: SubgraphOperation = {
    kind: node.operationKind,
    text: node.operation,
    document: parse(node.operation, { noLocation: true }),
    operationName: node.operationName,
    hiddenTypeNames,
  };
  operations.set(node, operation);
  return operation;
}
