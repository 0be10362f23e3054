import type { FetchNode } from '@apollo/query-planner';
import { parse, type GraphQLSchema } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { SubgraphOperation, SubgraphResult, SubgraphTransport } from '../../transports/subgraph-transport.js';
import type { Variables } from '../engine.js';
import { readProperty, writeProperty } from '../json.js';
import { mergeInto, type IsObjectTypeName } from '../merge.js';
import { entitiesAt, entityPathsAt } from './entities.js';
import { compileEntityFetch } from './compile-entity-fetch.js';
import type { PlanRun, PlanStep } from './plan-run.js';
import { rootResponseNames } from './response-names.js';
import { compileRewrites } from './rewrites.js';
import { faultOf, settleAnswer, type LocatedFault } from './subgraph-errors.js';

/** What compiling fetches needs to know of the supergraph. */
export interface FetchCompilation {
  /** The whole supergraph, with inaccessible and internal types. */
  readonly schema: GraphQLSchema;
  readonly isObjectTypeName: IsObjectTypeName;
  readonly transportOf: (service: string) => SubgraphTransport;
}

export function compileFetch(node: FetchNode, path: readonly string[], compilation: FetchCompilation): PlanStep {
  if (node.contextRewrites?.length)
    throw new PlatformError('BAD_REQUEST', 'The graph uses @fromContext, which this gateway does not support.');
  if (node.requires) return compileEntityFetch(node, node.requires, path, compilation);
  const operation = subgraphOperation(node);
  const fetch = compilation.transportOf(node.serviceName).compile(operation);
  const pick = variablePicker(node.variableUsages);
  const absorb = compileRootAnswer(node, operation, path, compilation);
  return async (run) => {
    const { context, signal } = run;
    const result = await answerOf(() => fetch({ variables: pick(run.variables), context, signal }));
    absorb(run, result);
  };
}

/** Compiles how the answer of a fetch of root fields (or an event of a subscription) enters the data. */
export function compileRootAnswer(
  node: FetchNode,
  operation: SubgraphOperation,
  path: readonly string[],
  compilation: FetchCompilation,
): (run: PlanRun, result: SubgraphResult) => void {
  const rewrite = compileRewrites(node.outputRewrites, compilation.schema);
  const names = rootResponseNames(operation.document)(undefined);
  return (run, result) => {
    const [at = path] = entityPathsAt(run.data, path).values();
    const located = (result.errors ?? []).map((error): LocatedFault => {
      const fault = faultOf(error, node.serviceName, error.path && [...at, ...error.path]);
      run.faults.push(fault);
      return { fault, path: error.path ?? [] };
    });
    if (located.length === 0 && !result.data) {
      const fault = faultOf(
        new PlatformError('UNAVAILABLE', `The subgraph "${node.serviceName}" answered no data.`),
        node.serviceName,
        at,
      );
      run.faults.push(fault);
      located.push({ fault, path: [] });
    }
    const answer = settleAnswer(result.data, located, names);
    rewrite(answer);
    if (!answer) return;
    for (const target of entitiesAt(run.data, path)) mergeInto(target, answer, compilation.isObjectTypeName);
  };
}

/** A failure to ask the subgraph is an answer, too: one error that concerns everything asked for. */
export async function answerOf<Answer>(ask: () => Promise<Answer>): Promise<Answer | SubgraphResult> {
  try {
    return await ask();
  } catch (error) {
    return { errors: [error instanceof Error ? error : new Error(String(error))] };
  }
}

export function subgraphOperation(node: FetchNode): SubgraphOperation {
  return {
    kind: node.operationKind,
    text: node.operation,
    document: parse(node.operation, { noLocation: true }),
    operationName: node.operationName,
  };
}

/** Passes on the variables that the fetch uses, and leaves absent ones absent, so that defaults apply. */
export function variablePicker(
  usages: readonly string[] | undefined,
): (variables: Variables) => Record<string, unknown> {
  if (!usages?.length) return () => ({});
  return (variables) => {
    const picked: Record<string, unknown> = {};
    for (const name of usages) {
      const value = readProperty(variables, name);
      if (value !== undefined) writeProperty(picked, name, value);
    }
    return picked;
  };
}
