import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { Failure, isObject } from '../failure.js';
import { readProperty, writeProperty, type JsonObject } from '../json.js';
import type { RepresentationRecipe } from './representation-recipe.js';
import { compileRewrites } from './rewrites.js';
import { satisfiesTypeCondition, typeNameOf } from './type-conditions.js';

/**
 * The recipe for whatever the planner may ask for: several type conditions that apply, conditions below fields, rewrites.
 * A field that is missing drops the selection it stands in; a field that is null with an error is null.
 */
export function exactRecipe(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: readonly FetchDataRewrite[] | undefined,
  schema: GraphQLSchema,
): RepresentationRecipe {
  const rewrite = compileRewrites(inputRewrites, schema);
  const represent = (entity: JsonObject): JsonObject | Missing => {
    const selected = selectMatching(entity, requires, schema);
    if (!(selected instanceof Missing)) rewrite(selected);
    return selected;
  };
  return {
    soleLeaf: undefined,
    text(entity) {
      const selected = represent(entity);
      return selected instanceof Missing ? selected.failure : JSON.stringify(selected);
    },
    object(entity) {
      const selected = represent(entity);
      return selected instanceof Missing ? {} : selected;
    },
  };
}

class Missing {
  readonly failure: Failure | undefined;
  constructor(failure: Failure | undefined) {
    this.failure = failure;
  }
}

function selectMatching(
  entity: JsonObject,
  requires: readonly QueryPlanSelectionNode[],
  schema: GraphQLSchema,
): JsonObject | Missing {
  const value: JsonObject = {};
  let failure: Failure | undefined;
  for (const selection of requires) {
    if (selection.kind !== 'InlineFragment') throw new Error('requires must consist of inline fragments');
    if (!satisfiesTypeCondition(schema, entity['__typename'], selection.typeCondition ?? '')) continue;
    const selected = select(entity, selection.selections, schema);
    if (selected instanceof Missing) failure = selected.failure ?? failure;
    else combine(value, selected);
  }
  return typeNameOf(value) === undefined ? new Missing(failure) : value;
}

function select(
  source: JsonObject,
  selections: readonly QueryPlanSelectionNode[],
  schema: GraphQLSchema,
): JsonObject | Missing {
  const result: JsonObject = {};
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      const { typeCondition } = selection;
      if (typeCondition !== undefined && !satisfiesTypeCondition(schema, source['__typename'], typeCondition)) continue;
      const part = select(source, selection.selections, schema);
      if (!(part instanceof Missing)) combine(result, part);
      continue;
    }
    const name = selection.alias ?? selection.name;
    const value = readProperty(source, name);
    if (value === undefined) return new Missing(undefined);
    if (value instanceof Failure && value.isUnknown) return new Missing(value);
    writeProperty(result, name, selectValue(value, selection.selections, schema));
  }
  return result;
}

function selectValue(
  value: unknown,
  selections: readonly QueryPlanSelectionNode[] | undefined,
  schema: GraphQLSchema,
): unknown {
  if (value === null || value instanceof Failure) return null;
  if (Array.isArray(value)) return value.map((item) => selectValue(item, selections, schema));
  if (!selections || !isObject(value)) return value;
  const selected = select(value, selections, schema);
  return selected instanceof Missing ? null : selected;
}

/** Combines two selections of one object: what both name is the same value, or two parts of it. */
function combine(target: JsonObject, part: JsonObject): void {
  for (const name of Object.keys(part)) {
    writeProperty(target, name, combined(readProperty(target, name), part[name]));
  }
}

function combined(known: unknown, other: unknown): unknown {
  if (isObject(known) && isObject(other)) {
    const both = { ...known };
    combine(both, other);
    return both;
  }
  if (Array.isArray(known) && Array.isArray(other) && known.length === other.length)
    return known.map((item, index) => combined(item, other[index]));
  return known === undefined || known === null ? other : (other ?? known);
}
