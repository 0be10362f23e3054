import type { FetchNode, PlanNode } from '@apollo/query-planner';
import type { FetchCompilation } from './fetch-compilation.js';
import { compileFetchPart, type FetchPart } from './fetch-part.js';
import { fetchStep } from './fetch-step.js';
import { mergedFetchStep } from './merged-fetch.js';
import type { PlanRun, PlanStep } from './plan-run.js';

/**
 * Compiles a node of a query plan into a function.
 * `path` leads from the root of the data to the objects that the node's fetches belong to; `@` stands for "each item".
 */
export function compilePlan(node: PlanNode, path: readonly string[], compilation: FetchCompilation): PlanStep {
  switch (node.kind) {
    case 'Fetch':
      return fetchStep(compileFetchPart(node, path, compilation), compilation);
    case 'Flatten':
      return compilePlan(node.node, [...path, ...node.path.map(String)], compilation);
    case 'Sequence':
      return sequence(node.nodes.map((child) => compilePlan(child, path, compilation)));
    case 'Parallel':
      return compileParallel(node.nodes, path, compilation);
    case 'Condition': {
      const whenTrue = node.ifClause && compilePlan(node.ifClause, path, compilation);
      const whenFalse = node.elseClause && compilePlan(node.elseClause, path, compilation);
      return (run) => {
        const step = run.coercedVariables[node.condition] === true ? whenTrue : whenFalse;
        return step?.(run);
      };
    }
    case 'Defer':
      throw new Error('a plan without @defer was expected');
  }
}

function sequence(steps: readonly PlanStep[]): PlanStep {
  return (run) => {
    for (let i = 0; i < steps.length; i++) {
      const waiting = steps[i]?.(run);
      if (waiting) return finishSequence(waiting, steps, i + 1, run);
    }
    return undefined;
  };
}

async function finishSequence(
  waiting: Promise<void>,
  steps: readonly PlanStep[],
  next: number,
  run: PlanRun,
): Promise<void> {
  await waiting;
  for (let i = next; i < steps.length && !run.signal?.aborted; i++) await steps[i]?.(run);
}

/** What stands in a `Parallel` node, seen as a first fetch and what follows it. */
interface Branch {
  readonly head: FetchPart;
  readonly rest: readonly PlanStep[];
}

/** Fetches that begin at the same time at the same subgraph are one request. */
function compileParallel(nodes: readonly PlanNode[], path: readonly string[], compilation: FetchCompilation): PlanStep {
  const steps: PlanStep[] = [];
  const branchesByService = new Map<string, Branch[]>();
  for (const node of nodes) {
    const branch = branchOf(node, path, compilation);
    const siblings = branch && branchesByService.get(branch.head.service);
    if (!branch) steps.push(compilePlan(node, path, compilation));
    else if (siblings) siblings.push(branch);
    else branchesByService.set(branch.head.service, [branch]);
  }
  for (const branches of branchesByService.values()) steps.push(...mergeBranches(branches, compilation));
  return parallel(steps);
}

function mergeBranches(branches: readonly Branch[], compilation: FetchCompilation): readonly PlanStep[] {
  const heads = branches.map(({ head }) => head);
  const merged = heads.length > 1 ? mergedFetchStep(heads, compilation) : undefined;
  if (!merged) {
    return branches.map(({ head, rest }) =>
      rest.length === 0 ? fetchStep(head, compilation) : sequence([fetchStep(head, compilation), ...rest]),
    );
  }
  const rests = branches.filter(({ rest }) => rest.length > 0).map(({ rest }) => sequence(rest));
  return [rests.length === 0 ? merged : sequence([merged, parallel(rests)])];
}

/** A fetch of entities, alone or at the beginning of a sequence; undefined for anything else. */
function branchOf(node: PlanNode, path: readonly string[], compilation: FetchCompilation): Branch | undefined {
  const [first, ...rest] = node.kind === 'Sequence' ? node.nodes : [node];
  const fetch = first && entityFetchOf(first, path);
  if (!fetch) return undefined;
  return {
    head: compileFetchPart(fetch.node, fetch.path, compilation),
    rest: rest.map((child) => compilePlan(child, path, compilation)),
  };
}

function entityFetchOf(
  node: PlanNode,
  path: readonly string[],
): { node: FetchNode; path: readonly string[] } | undefined {
  if (node.kind === 'Flatten') return entityFetchOf(node.node, [...path, ...node.path.map(String)]);
  return node.kind === 'Fetch' && node.requires ? { node, path } : undefined;
}

function parallel(steps: readonly PlanStep[]): PlanStep {
  const [only] = steps;
  if (only && steps.length === 1) return only;
  return (run) => {
    let waiting: Promise<void>[] | undefined;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]?.(run);
      if (step) (waiting ??= []).push(step);
    }
    return waiting && (waiting.length === 1 ? waiting[0] : Promise.all(waiting).then(nothing));
  };
}

function nothing(): void {
  // The steps have left their results in the run.
}
