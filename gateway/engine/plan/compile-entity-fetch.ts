import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { SubgraphError, SubgraphResult } from '../../transports/subgraph-transport.js';
import { Failure } from '../failure.js';
import type { JsonObject } from '../json.js';
import { mergeInto } from '../merge.js';
import { answerOf, subgraphOperation, variablePicker, type FetchCompilation } from './compile-fetch.js';
import { entitiesAt, entityPathsAt } from './entities.js';
import type { PlanRun, PlanStep } from './plan-run.js';
import { compileRepresentation, deduplicate, type Batch } from './representations.js';
import { entityResponseNames, type ResponseNames } from './response-names.js';
import { compileRewrites, type Rewrite } from './rewrites.js';
import { faultOf, settleAnswer, type LocatedFault } from './subgraph-errors.js';
import { typeNameOf } from './type-conditions.js';

/** The entities of one fetch that have a representation. */
interface Selected {
  readonly entities: readonly JsonObject[];
  readonly representations: readonly JsonObject[];
}

/** Compiles a fetch of `_entities` for the objects at a path. Equal representations are sent once. */
export function compileEntityFetch(
  node: FetchNode,
  requires: readonly QueryPlanSelectionNode[],
  path: readonly string[],
  compilation: FetchCompilation,
): PlanStep {
  const transport = compilation.transportOf(node.serviceName);
  const operation = subgraphOperation(node);
  const fetch = transport.compile(operation);
  const pick = variablePicker(node.variableUsages);
  const select = compileSelection(
    node,
    requires,
    path,
    compilation,
    entityResponseNames(operation.document, compilation.schema),
  );
  const absorb = compileEntityAnswer(
    node,
    path,
    compilation,
    entityResponseNames(operation.document, compilation.schema),
  );
  return async (run) => {
    const selected = select(run);
    if (selected.entities.length === 0) return;
    const batch = deduplicate(selected.representations, transport.representationForm);
    const representations = { representations: batch.representations };
    const { context, signal } = run;
    const variables = pick(run.variables);
    const result = await answerOf(() => fetch({ variables, representations, context, signal }));
    absorb(run, result, selected, batch);
  };
}

function compileSelection(
  node: FetchNode,
  requires: readonly QueryPlanSelectionNode[],
  path: readonly string[],
  compilation: FetchCompilation,
  names: ResponseNames,
): (run: PlanRun) => Selected {
  const representationOf = compileRepresentation(requires, compilation.schema);
  const rewriteInput = compileRewrites(node.inputRewrites, compilation.schema);
  const rewriteOutput = compileRewrites(node.outputRewrites, compilation.schema);
  return (run) => {
    const entities: JsonObject[] = [];
    const representations: JsonObject[] = [];
    entitiesAt(run.data, path).forEach((entity) => {
      const representation = representationOf(entity);
      if ('value' in representation) {
        rewriteInput(representation.value);
        entities.push(entity);
        representations.push(representation.value);
      } else if (representation.missing) {
        // What this fetch would have brought is missing for the same reason.
        const failed = Object.fromEntries(names(typeNameOf(entity)).map((name) => [name, representation.missing]));
        rewriteOutput(failed);
        mergeInto(entity, failed, compilation.isObjectTypeName);
      }
    });
    return { entities, representations };
  };
}

function compileEntityAnswer(
  node: FetchNode,
  path: readonly string[],
  compilation: FetchCompilation,
  names: ResponseNames,
): (run: PlanRun, result: SubgraphResult, selected: Selected, batch: Batch) => void {
  const rewrite = compileRewrites(node.outputRewrites, compilation.schema);
  return (run, result, selected, batch) => {
    const answers = answeredEntities(result, batch.representations.length);
    const errors = [...(result.errors ?? [])];
    if (!answers && errors.length === 0) {
      errors.push(
        new PlatformError(
          'UNAVAILABLE',
          `The subgraph "${node.serviceName}" did not answer the entities it was asked for.`,
        ),
      );
    }
    const located = errors.length > 0 ? locate(run, errors, node.serviceName, path, selected, batch) : undefined;
    const settled = new Map<number, JsonObject | undefined>();
    selected.entities.forEach((entity, i) => {
      const index = batch.answerIndexes[i] ?? 0;
      if (!settled.has(index)) {
        const faults = [...(located?.get(index) ?? []), ...(answers ? [] : (located?.get(WHOLE) ?? []))];
        settled.set(index, settleEntity(answers?.[index], faults, names(typeNameOf(entity)), rewrite));
      }
      const answer = settled.get(index);
      if (answer) mergeInto(entity, answer, compilation.isObjectTypeName);
    });
  };
}

function settleEntity(
  answer: unknown,
  faults: readonly LocatedFault[],
  names: readonly string[],
  rewrite: Rewrite,
): JsonObject | undefined {
  const settled = answer === null && faults.length === 0 ? unknownEntity(names) : settleAnswer(answer, faults, names);
  rewrite(settled);
  return settled;
}

/**
 * An entity that its owner answers as null is gone, or the caller may not know of it: no error. Fields are null, and what
 * holds a non-null one is null, as everything across a subgraph boundary may be.
 */
function unknownEntity(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, new Failure([], true)]));
}

function answeredEntities(result: SubgraphResult, count: number): unknown[] | undefined {
  const data = result.data;
  if (typeof data !== 'object' || data === null || !('_entities' in data)) return undefined;
  const entities = data._entities;
  return Array.isArray(entities) && entities.length === count ? entities : undefined;
}

/** Key of the faults that concern the fetch as a whole. */
const WHOLE = -1;

/** Sorts errors by the answered entity that their path names. */
function locate(
  run: PlanRun,
  errors: readonly SubgraphError[],
  service: string,
  path: readonly string[],
  selected: Selected,
  batch: Batch,
): Map<number, LocatedFault[]> {
  const located = new Map<number, LocatedFault[]>();
  const entityPaths = entityPathsAt(run.data, path);
  for (const error of errors) {
    const [, index, ...below] = error.path ?? [];
    const isOfEntity = typeof index === 'number' && batch.answerIndexes.includes(index);
    const entity = isOfEntity ? selected.entities[batch.answerIndexes.indexOf(index)] : undefined;
    const entityPath = entity && entityPaths.get(entity);
    const fault = faultOf(error, service, entityPath && [...entityPath, ...below]);
    run.faults.push(fault);
    const key = isOfEntity ? index : WHOLE;
    const known = located.get(key);
    const entry = { fault, path: isOfEntity ? below : [] };
    if (known) known.push(entry);
    else located.set(key, [entry]);
  }
  return located;
}
