import type { FetchNode, PlanNode, SubscriptionNode } from '@apollo/query-planner';
import { print, visit, type DocumentNode } from 'graphql';

/** Gives each fetch of a plan its replacements, which are made side by side. A subscription's source has one. */
export function replaceFetches(
  root: PlanNode | SubscriptionNode,
  replace: (fetch: FetchNode) => readonly FetchNode[],
): PlanNode | SubscriptionNode {
  if (root.kind !== 'Subscription') return replaceIn(root, replace);
  return {
    ...root,
    primary: replace(root.primary)[0] ?? root.primary,
    ...(root.rest ? { rest: replaceIn(root.rest, replace) } : {}),
  };
}

function replaceIn(node: PlanNode, replace: (fetch: FetchNode) => readonly FetchNode[]): PlanNode {
  const inner = (one: PlanNode): PlanNode => replaceIn(one, replace);
  switch (node.kind) {
    case 'Fetch':
      return together(replace(node));
    case 'Flatten': {
      if (node.node.kind !== 'Fetch') return { ...node, node: inner(node.node) };
      return together(replace(node.node).map((fetch) => ({ ...node, node: fetch })));
    }
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map(inner) };
    case 'Condition':
      return {
        ...node,
        ...(node.ifClause ? { ifClause: inner(node.ifClause) } : {}),
        ...(node.elseClause ? { elseClause: inner(node.elseClause) } : {}),
      };
    case 'Defer':
      return {
        ...node,
        primary: { ...node.primary, ...(node.primary.node ? { node: inner(node.primary.node) } : {}) },
        deferred: node.deferred.map((part) => (part.node ? { ...part, node: inner(part.node) } : part)),
      };
  }
}

function together(nodes: readonly PlanNode[]): PlanNode {
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : { kind: 'Parallel', nodes: [...nodes] };
}

/** The same fetch with another document, and with the variables that this one uses. */
export function withDocument(fetch: FetchNode, document: DocumentNode): FetchNode {
  const used = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  });
  const operation = visit(document, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  });
  const { operationDocumentNode: _, ...rest } = fetch;
  return {
    ...rest,
    operation: print(operation),
    ...(fetch.variableUsages ? { variableUsages: fetch.variableUsages.filter((name) => used.has(name)) } : {}),
  };
}
