import type { PlanNode } from '@apollo/query-planner';
import type { PlanRoot } from './graph-planner.js';

/** What a node takes beside the text of its operation. */
const NODE_SIZE = 200;

/** How much a compiled plan keeps, roughly, in characters: the operations that it sends, and something for each node. */
export function planSize(root: PlanRoot): number {
  if (!root) return NODE_SIZE;
  if (root.kind !== 'Subscription') return sizeOf(root);
  return sizeOf(root.primary) + (root.rest ? sizeOf(root.rest) : 0);
}

function sizeOf(node: PlanNode): number {
  switch (node.kind) {
    case 'Fetch':
      return NODE_SIZE + node.operation.length;
    case 'Flatten':
      return NODE_SIZE + sizeOf(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.reduce((size, child) => size + sizeOf(child), NODE_SIZE);
    case 'Condition':
      return [node.ifClause, node.elseClause].reduce((size, child) => size + (child ? sizeOf(child) : 0), NODE_SIZE);
    case 'Defer':
      return [node.primary, ...node.deferred].reduce(
        (size, part) => size + (part.node ? sizeOf(part.node) : 0),
        NODE_SIZE,
      );
  }
}
