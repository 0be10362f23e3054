import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { fragmentsOf } from '../../document-fragments.js';
import type { SubgraphOperation } from '../../transports/subgraph-transport.js';
import { Failure } from '../failure.js';
import type { JsonObject } from '../json.js';
import { mergedField, mergeInto, type MergeShape } from '../merge.js';
import { compileWalk, entityPathsAt } from './entities.js';
import type { FetchCompilation } from './fetch-compilation.js';
import { ownData, type FetchPart, type PartAnswer, type PartError } from './fetch-part.js';
import { entitySelection } from './fetch-selection.js';
import { mergeShapeOf } from './merge-shape.js';
import type { PlanRun } from './plan-run.js';
import { compileBatcher, type Batch, type Unrepresented } from './representations.js';
import { entityResponseNames, type ResponseNames } from './response-names.js';
import { compileRewrites, type Rewrite } from './rewrites.js';
import { faultOf, settleAnswer, type LocatedFault } from './subgraph-errors.js';
import { typeNameOf } from './type-conditions.js';

/** A fetch of `_entities`, compiled. */
interface EntityFetch {
  readonly service: string;
  readonly path: readonly string[];
  readonly names: ResponseNames;
  readonly shape: MergeShape;
  /** Undefined if the planner asks for none. */
  readonly rewrite: Rewrite | undefined;
  readonly compilation: FetchCompilation;
}

/** Compiles a fetch of `_entities` for the objects at a path. Equal representations are sent once. */
export function compileEntityPart(
  node: FetchNode,
  requires: readonly QueryPlanSelectionNode[],
  operation: SubgraphOperation,
  path: readonly string[],
  compilation: FetchCompilation,
): FetchPart {
  const { schema } = compilation;
  const { document } = operation;
  const form = compilation.transportOf(node.serviceName).representationForm;
  const walk = compileWalk(path, compilation.isObjectTypeName);
  const batchOf = compileBatcher(node, requires, schema, form);
  const fetch: EntityFetch = {
    service: node.serviceName,
    path,
    names: entityResponseNames(document, schema),
    shape: mergeShapeOf(entitySelection(document), fragmentsOf(document), node.outputRewrites),
    rewrite: node.outputRewrites?.length ? compileRewrites(node.outputRewrites, schema) : undefined,
    compilation,
  };
  return {
    service: node.serviceName,
    operation,
    variableUsages: node.variableUsages ?? [],
    isOfEntities: true,
    select(run) {
      const found: JsonObject[] = [];
      walk(run.data, found);
      if (found.length === 0) return undefined;
      const unrepresented: Unrepresented[] = [];
      const batch = batchOf(found, unrepresented);
      if (batch.entities.length < found.length) run.hasGaps = true;
      for (const missing of unrepresented) passOn(fetch, missing);
      return batch.entities.length === 0 ? undefined : batch;
    },
    absorb(run, batch, answer) {
      if (isComplete(answer, batch)) mergeEntities(fetch, run, batch, answer);
      else settleEntities(fetch, run, batch, answer);
    },
  };
}

/** What this fetch would have brought is missing for the same reason, whatever lay below the place of that. */
function passOn({ names, rewrite, compilation }: EntityFetch, { entity, failure }: Unrepresented): void {
  const here = new Failure(
    failure.faults.map((fault) => ({ ...fault, pathBelow: [] })),
    true,
  );
  mergeFlat(entity, Object.fromEntries(names(typeNameOf(entity)).map((name) => [name, here])), rewrite, compilation);
}

function mergeFlat(
  entity: JsonObject,
  values: JsonObject,
  rewrite: Rewrite | undefined,
  { isObjectTypeName }: FetchCompilation,
): void {
  rewrite?.(values);
  const fields = Object.keys(values).map((name) => mergedField(name, undefined));
  mergeInto(entity, values, { fields }, isObjectTypeName);
}

function isComplete({ data, errors }: PartAnswer, { representations }: Batch): boolean {
  return errors.length === 0 && Array.isArray(data) && data.length === representations.length;
}

function mergeEntities(fetch: EntityFetch, run: PlanRun, batch: Batch, given: PartAnswer): void {
  const { entities, answerIndexes } = batch;
  const { rewrite, shape, compilation } = fetch;
  const answers = (rewrite ? ownData(given) : given.data) as readonly unknown[];
  const isShared = given.isShared && !rewrite;
  if (rewrite) for (const answer of answers) rewrite(answer);
  for (let i = 0; i < entities.length; i++) {
    const entity = entities[i] as JsonObject;
    const answer = answers[answerIndexes[i] as number];
    if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) {
      mergeInto(entity, answer as JsonObject, shape, compilation.isObjectTypeName, isShared);
    } else if (answer === null) {
      run.isDamaged = true;
      mergeFlat(entity, unknownEntity(fetch.names(typeNameOf(entity))), rewrite, compilation);
    } else {
      run.hasGaps = true;
    }
  }
}

/**
 * An entity that its owner answers as null is gone, or the caller may not know of it: no error. Fields are null, and what
 * holds a non-null one is null, as everything across a subgraph boundary may be.
 */
function unknownEntity(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, new Failure([], true)]));
}

/** The exact way, for answers with errors, or that are none. */
function settleEntities(fetch: EntityFetch, run: PlanRun, batch: Batch, answer: PartAnswer): void {
  const { service, names, rewrite, shape, compilation } = fetch;
  const { errors } = answer;
  const data = ownData(answer);
  const answers = Array.isArray(data) && data.length === batch.representations.length ? data : undefined;
  const reported = answers || errors.length > 0 ? errors : [{ error: unanswered(service), path: undefined }];
  const located = locate(run, reported, fetch, batch);
  run.isDamaged = true;
  const settled = new Map<number, JsonObject | undefined>();
  batch.entities.forEach((entity, i) => {
    const index = batch.answerIndexes[i] ?? 0;
    if (!settled.has(index)) {
      const faults = [...(located.get(index) ?? []), ...(answers ? [] : (located.get(WHOLE) ?? []))];
      settled.set(index, settleEntity(answers?.[index], faults, names(typeNameOf(entity)), rewrite));
    }
    const merged = settled.get(index);
    if (merged) mergeInto(entity, merged, shape, compilation.isObjectTypeName);
  });
}

function settleEntity(
  answer: unknown,
  faults: readonly LocatedFault[],
  names: readonly string[],
  rewrite: Rewrite | undefined,
): JsonObject | undefined {
  const settled = answer === null && faults.length === 0 ? unknownEntity(names) : settleAnswer(answer, faults, names);
  rewrite?.(settled);
  return settled;
}

function unanswered(service: string): PlatformError {
  return new PlatformError('UNAVAILABLE', `The subgraph "${service}" did not answer the entities it was asked for.`);
}

/** Key of the faults that concern the fetch as a whole. */
const WHOLE = -1;

/** Sorts errors by the answered entity that their path names. */
function locate(
  run: PlanRun,
  errors: readonly PartError[],
  { service, path, compilation }: EntityFetch,
  batch: Batch,
): Map<number, LocatedFault[]> {
  const located = new Map<number, LocatedFault[]>();
  const entityPaths = entityPathsAt(run.data, path, compilation.isObjectTypeName);
  for (const { error, path: errorPath } of errors) {
    const [index, ...below] = errorPath ?? [];
    const first = typeof index === 'number' ? batch.answerIndexes.indexOf(index) : -1;
    const entity = batch.entities[first];
    const entityPath = entity && entityPaths.get(entity);
    const fault = faultOf(error, service, entityPath && [...entityPath, ...below]);
    run.faults.push(fault);
    const key = entity && typeof index === 'number' ? index : WHOLE;
    const entry = { fault, path: entity ? below : [] };
    const known = located.get(key);
    if (known) known.push(entry);
    else located.set(key, [entry]);
  }
  return located;
}
