import type { DeferNode, PlanNode } from '@apollo/query-planner';
import type { FetchCompilation } from '../plan/fetch-compilation.js';
import { compilePlan } from '../plan/compile-plan.js';
import type { PlanRun, PlanStep } from '../plan/plan-run.js';

/** A part of an incremental plan: what brings its data, and what may follow when that is there. */
export interface Stage {
  readonly step: PlanStep | undefined;
  /** By label. */
  readonly deferred: ReadonlyMap<string, StageChoice>;
}

/** Chooses by the variables of `@defer(if: …)`. */
export type StageChoice = (run: PlanRun) => Stage;

/** A plan in which nothing is left for later. */
export function wholeStage(step: PlanStep | undefined): StageChoice {
  const stage: Stage = { step, deferred: new Map() };
  return () => stage;
}

/** Compiles a plan in which the planner may have left parts for later. */
export function compileStage(node: PlanNode | undefined, compilation: FetchCompilation): StageChoice {
  if (!node || !isDeferring(node)) return wholeStage(node && compilePlan(node, [], compilation));
  if (node.kind === 'Condition') {
    const whenTrue = compileStage(node.ifClause, compilation);
    const whenFalse = compileStage(node.elseClause, compilation);
    return (run) => (run.coercedVariables[node.condition] === true ? whenTrue(run) : whenFalse(run));
  }
  if (node.kind !== 'Defer') throw new Error(`a ${node.kind} node leaves something for later`);
  const stage = deferStage(node, compilation);
  return () => stage;
}

/** Whether a plan leaves anything for later. The planner puts that at the top, below conditions only. */
export function isDeferring(node: PlanNode | undefined): boolean {
  if (node?.kind === 'Condition') return isDeferring(node.ifClause) || isDeferring(node.elseClause);
  return node?.kind === 'Defer';
}

function deferStage({ primary, deferred }: DeferNode, compilation: FetchCompilation): Stage {
  const stages = deferred.flatMap(({ label, node }): [string, StageChoice][] =>
    label === undefined ? [] : [[label, compileStage(node, compilation)]],
  );
  return { step: primary.node && compilePlan(primary.node, [], compilation), deferred: new Map(stages) };
}
