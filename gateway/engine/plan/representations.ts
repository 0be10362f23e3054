import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { Failure, isObject } from '../failure.js';
import { readProperty, writeProperty, type JsonObject } from '../json.js';
import { mergeInto } from '../merge.js';
import type { RepresentationForm } from '../../transports/subgraph-transport.js';
import { satisfiesTypeCondition, typeNameOf } from './type-conditions.js';

/** A representation; or why there is none: a fetch that should have brought a needed field failed (or just missing). */
export type Representation = { readonly value: JsonObject } | { readonly missing: Failure | undefined };

/**
 * Compiles `requires` into a function that builds an entity's representation: its key and the fields named by
 * `@requires`. A field that is missing drops the selection it stands in; a field that is null with an error is null.
 */
export function compileRepresentation(
  requires: readonly QueryPlanSelectionNode[],
  schema: GraphQLSchema,
): (entity: JsonObject) => Representation {
  return (entity) => {
    const value: JsonObject = Object.create(null);
    let missing: Failure | undefined;
    for (const selection of requires) {
      if (selection.kind !== 'InlineFragment') throw new Error('requires must consist of inline fragments');
      if (!satisfiesTypeCondition(schema, entity['__typename'], selection.typeCondition ?? '')) continue;
      const selected = select(entity, selection.selections, schema);
      if (selected instanceof Missing) missing = selected.failure ?? missing;
      else mergeInto(value, selected, () => false);
    }
    return typeNameOf(value) === undefined ? { missing } : { value };
  };
}

class Missing {
  readonly failure: Failure | undefined;
  constructor(failure: Failure | undefined) {
    this.failure = failure;
  }
}

function select(
  source: JsonObject,
  selections: readonly QueryPlanSelectionNode[],
  schema: GraphQLSchema,
): JsonObject | Missing {
  const result: JsonObject = Object.create(null);
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      const { typeCondition } = selection;
      if (typeCondition !== undefined && !satisfiesTypeCondition(schema, source['__typename'], typeCondition)) continue;
      const part = select(source, selection.selections, schema);
      if (!(part instanceof Missing)) mergeInto(result, part, () => false);
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

/** Representations without repetitions: what to send, and for each entity the index of its answer. */
export interface Batch {
  readonly representations: readonly string[] | readonly JsonObject[];
  readonly answerIndexes: readonly number[];
}

export function deduplicate(representations: readonly JsonObject[], form: RepresentationForm): Batch {
  const indexByText = new Map<string, number>();
  const unique: JsonObject[] = [];
  const answerIndexes = representations.map((representation) => {
    const text = JSON.stringify(representation);
    const known = indexByText.get(text);
    if (known !== undefined) return known;
    indexByText.set(text, unique.length);
    return unique.push(representation) - 1;
  });
  return { representations: form === 'json' ? [...indexByText.keys()] : unique, answerIndexes };
}
