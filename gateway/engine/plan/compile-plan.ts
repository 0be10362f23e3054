import type { PlanNode } from '@apollo/query-planner';
import { compileFetch, type FetchCompilation } from './compile-fetch.js';
import type { PlanStep } from './plan-run.js';

/**
 * Compiles a node of a query plan into a function.
 * `path` leads from the root of the data to the objects that the node's fetches belong to; `@` stands for "each item".
 */
export function compilePlan(node: PlanNode, path: readonly string[], compilation: FetchCompilation): PlanStep {
  switch (node.kind) {
    case 'Fetch':
      return compileFetch(node, path, compilation);
    case 'Flatten':
      return compilePlan(node.node, [...path, ...node.path.map(String)], compilation);
    case 'Sequence':
      return sequence(node.nodes.map((child) => compilePlan(child, path, compilation)));
    case 'Parallel':
      return parallel(node.nodes.map((child) => compilePlan(child, path, compilation)));
    case 'Condition': {
      const whenTrue = node.ifClause && compilePlan(node.ifClause, path, compilation);
      const whenFalse = node.elseClause && compilePlan(node.elseClause, path, compilation);
      return async (run) => {
        const step = run.coercedVariables[node.condition] === true ? whenTrue : whenFalse;
        await step?.(run);
      };
    }
    case 'Defer':
      throw new Error('the planner was not asked for @defer');
  }
}

function sequence(steps: readonly PlanStep[]): PlanStep {
  return async (run) => {
    for (const step of steps) await step(run);
  };
}

function parallel(steps: readonly PlanStep[]): PlanStep {
  return async (run) => {
    await Promise.all(steps.map((step) => step(run)));
  };
}
