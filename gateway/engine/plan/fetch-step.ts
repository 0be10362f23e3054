import type { SubgraphCall, SubgraphFetch, SubgraphResult } from '../../transports/subgraph-transport.js';
import type { Variables } from '../engine.js';
import { hasSafeName, readProperty, writeProperty } from '../json.js';
import type { FetchCompilation } from './fetch-compilation.js';
import { wholeAnswer, type FetchPart } from './fetch-part.js';
import type { PlanStep } from './plan-run.js';

/** The name of the variable that the planner hands an entity fetch its representations in. */
export const REPRESENTATIONS = 'representations';

/** Compiles the request of one fetch. */
export function fetchStep(part: FetchPart, compilation: FetchCompilation): PlanStep {
  const fetch = compilation.transportOf(part.service).compile(part.operation);
  const pick = variablePicker(part.variableUsages);
  return (run) => {
    if (run.signal?.aborted) return undefined;
    const batch = part.select(run);
    if (!batch) return undefined;
    const representations = part.isOfEntities ? { [REPRESENTATIONS]: batch.representations } : undefined;
    const call = { variables: pick(run.variables), representations, context: run.context, signal: run.signal };
    return answered(fetch, call, (result) => part.absorb(run, batch, wholeAnswer(part, result)));
  };
}

/**
 * Asks, and goes on with the answer: at once if it is there at once. A failure to ask is an answer, too: one error that
 * concerns everything asked for.
 */
export function answered(
  fetch: SubgraphFetch,
  call: SubgraphCall,
  absorb: (result: SubgraphResult) => void | Promise<void>,
): void | Promise<void> {
  let answer: SubgraphResult | Promise<SubgraphResult>;
  try {
    answer = fetch(call);
  } catch (error) {
    return absorb(failedAnswer(error));
  }
  if (!(answer instanceof Promise)) return absorb(answer);
  return answer.catch(failedAnswer).then(absorb);
}

export function failedAnswer(error: unknown): SubgraphResult {
  return { errors: [error instanceof Error ? error : new Error(String(error))] };
}

/** Passes on the variables that the fetch uses, and leaves absent ones absent, so that defaults apply. */
export function variablePicker(usages: readonly string[]): (variables: Variables) => Record<string, unknown> {
  if (usages.length === 0) return () => ({});
  const names = usages.map((name) => ({ name, isSafe: hasSafeName(name) }));
  return (variables) => {
    const picked: Record<string, unknown> = {};
    for (const { name, isSafe } of names) {
      const value = isSafe ? variables[name] : readProperty(variables, name);
      if (value === undefined) continue;
      if (isSafe) picked[name] = value;
      else writeProperty(picked, name, value);
    }
    return picked;
  };
}
