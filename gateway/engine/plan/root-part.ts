import type { FetchNode } from '@apollo/query-planner';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { fragmentsOf } from '../../document-fragments.js';
import type { SubgraphOperation } from '../../transports/subgraph-transport.js';
import { isObject } from '../failure.js';
import type { JsonObject } from '../json.js';
import { mergeInto } from '../merge.js';
import { compileWalk, entityPathsAt } from './entities.js';
import type { FetchCompilation } from './fetch-compilation.js';
import { ownData, type FetchPart } from './fetch-part.js';
import { operationOf } from './fetch-selection.js';
import { mergeShapeOf } from './merge-shape.js';
import type { Batch } from './representations.js';
import { rootResponseNames } from './response-names.js';
import { compileRewrites } from './rewrites.js';
import { faultOf, settleAnswer, type LocatedFault } from './subgraph-errors.js';

const NO_ENTITIES: Batch = { entities: [], representations: [], answerIndexes: [] };

/** Compiles a fetch of root fields, which belong to the objects at a path: the root of the data, almost always. */
export function compileRootPart(
  node: FetchNode,
  operation: SubgraphOperation,
  path: readonly string[],
  compilation: FetchCompilation,
): FetchPart {
  const { document } = operation;
  const names = rootResponseNames(document);
  const shape = mergeShapeOf(operationOf(document).selectionSet, fragmentsOf(document), node.outputRewrites);
  const rewrite = node.outputRewrites?.length ? compileRewrites(node.outputRewrites, compilation.schema) : undefined;
  const walk = compileWalk(path, compilation.isObjectTypeName);
  const merge = (root: JsonObject, answer: JsonObject, isShared: boolean): void => {
    rewrite?.(answer);
    const targets: JsonObject[] = [];
    walk(root, targets);
    for (const target of targets) mergeInto(target, answer, shape, compilation.isObjectTypeName, isShared);
  };
  return {
    service: node.serviceName,
    operation,
    variableUsages: node.variableUsages ?? [],
    isOfEntities: false,
    select: () => NO_ENTITIES,
    absorb(run, _batch, given) {
      const { errors, isShared } = given;
      const isWhole = errors.length === 0 && isObject(given.data);
      const data = isWhole && !rewrite ? given.data : ownData(given);
      if (isWhole) return merge(run.data, data as JsonObject, isShared && !rewrite);
      const [at = path] = entityPathsAt(run.data, path, compilation.isObjectTypeName).values();
      const reported = errors.length > 0 || data ? errors : [{ error: unanswered(node.serviceName), path: [] }];
      const located = reported.map(({ error, path: below }): LocatedFault => {
        const fault = faultOf(error, node.serviceName, below && [...at, ...below]);
        run.faults.push(fault);
        return { fault, path: below ?? [] };
      });
      run.isDamaged = true;
      const answer = settleAnswer(data, located, names);
      if (answer) merge(run.data, answer, false);
    },
  };
}

function unanswered(service: string): PlatformError {
  return new PlatformError('UNAVAILABLE', `The subgraph "${service}" answered no data.`);
}
