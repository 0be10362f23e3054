import type { FetchDataRewrite } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { isObject } from '../failure.js';
import { readProperty, writeProperty, type JsonObject } from '../json.js';
import { satisfiesTypeCondition, typeNameOf } from './type-conditions.js';

const FRAGMENT_PREFIX = '... on ';

export function isFragmentStep(step: string): boolean {
  return step.startsWith(FRAGMENT_PREFIX);
}

export type Rewrite = (value: unknown) => void;

/**
 * Compiles the planner's rewrites: of representations before they are sent (the type name that an `@interfaceObject`
 * knows), or of answers before they are merged (renaming aliases that avoid conflicts between type conditions).
 */
export function compileRewrites(rewrites: readonly FetchDataRewrite[] | undefined, schema: GraphQLSchema): Rewrite {
  const compiled = (rewrites ?? []).map((rewrite) => compileRewrite(rewrite, schema));
  return (value) => {
    for (const rewrite of compiled) rewrite(value);
  };
}

function compileRewrite(rewrite: FetchDataRewrite, schema: GraphQLSchema): Rewrite {
  const parents = rewrite.path.slice(0, -1);
  const last = rewrite.path.at(-1);
  if (last === undefined || isFragmentStep(last)) throw new Error('a rewrite must end in a field');
  const change = changeOf(rewrite, last);
  return (value) => applyAt(value, parents, 0, schema, change);
}

function changeOf(rewrite: FetchDataRewrite, name: string): (object: JsonObject) => void {
  if (rewrite.kind === 'ValueSetter') return (object) => writeProperty(object, name, rewrite.setValueTo);
  return (object) => {
    const value = readProperty(object, name);
    if (value === undefined) return;
    writeProperty(object, rewrite.renameKeyTo, value);
    delete object[name];
  };
}

function applyAt(
  value: unknown,
  path: readonly string[],
  index: number,
  schema: GraphQLSchema,
  change: (object: JsonObject) => void,
): void {
  if (Array.isArray(value)) {
    for (const item of value) applyAt(item, path, index, schema, change);
    return;
  }
  if (!isObject(value)) return;
  const step = path[index];
  if (step === undefined) change(value);
  else if (!isFragmentStep(step)) applyAt(readProperty(value, step), path, index + 1, schema, change);
  else if (satisfiesOrUnknown(schema, value, step.slice(FRAGMENT_PREFIX.length))) {
    applyAt(value, path, index + 1, schema, change);
  }
}

function satisfiesOrUnknown(schema: GraphQLSchema, value: JsonObject, condition: string): boolean {
  const typeName = typeNameOf(value);
  return typeName === undefined || satisfiesTypeCondition(schema, typeName, condition);
}
