import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { isObjectType, type GraphQLSchema } from 'graphql';
import type { Failure } from '../failure.js';
import type { JsonObject } from '../json.js';
import type { RepresentationForm, Representations } from '../../transports/subgraph-transport.js';
import { recipeFor, type RepresentationRecipe } from './representation-recipe.js';

/** What to send for some entities, each representation once. */
export interface Batch {
  readonly entities: readonly JsonObject[];
  readonly representations: Representations;
  /** For each entity the index of its answer. */
  readonly answerIndexes: readonly number[];
}

/** An entity that has no representation because a fetch that should have brought a needed field failed. */
export interface Unrepresented {
  readonly entity: JsonObject;
  readonly failure: Failure;
}

/** Takes those entities that can be represented; those that are of no concern to the fetch are left out. */
export type Batcher = (found: readonly JsonObject[], unrepresented: Unrepresented[]) => Batch;

export function compileBatcher(
  node: FetchNode,
  requires: readonly QueryPlanSelectionNode[],
  schema: GraphQLSchema,
  form: RepresentationForm,
): Batcher {
  const recipes = new Map<unknown, RepresentationRecipe | undefined>();
  const recipeOf = (typeName: unknown): RepresentationRecipe | undefined => {
    const known = recipes.get(typeName);
    if (known || recipes.has(typeName) || typeof typeName !== 'string' || !schema.getType(typeName)) return known;
    const recipe = recipeFor(typeName, requires, node.inputRewrites, schema);
    recipes.set(typeName, recipe);
    return recipe;
  };
  const isOfOneType = hasOneObjectType(requires, schema);
  return (found, unrepresented) => {
    const draft = new BatchDraft(form, isOfOneType, unrepresented);
    for (let i = 0; i < found.length; i++) {
      const entity = found[i] as JsonObject;
      const recipe = recipeOf(entity['__typename']);
      if (recipe) draft.add(entity, recipe);
    }
    return draft;
  };
}

class BatchDraft implements Batch {
  readonly entities: JsonObject[] = [];
  readonly answerIndexes: number[] = [];
  readonly representations: (string & JsonObject)[] = [];
  /** By what tells representations apart: their text, or their sole leaf if all are of one type. */
  readonly #indexes = new Map<string | number, number>();
  readonly #form: RepresentationForm;
  readonly #isOfOneType: boolean;
  readonly #unrepresented: Unrepresented[];

  constructor(form: RepresentationForm, isOfOneType: boolean, unrepresented: Unrepresented[]) {
    this.#form = form;
    this.#isOfOneType = isOfOneType;
    this.#unrepresented = unrepresented;
  }

  add(entity: JsonObject, recipe: RepresentationRecipe): void {
    const leaf = this.#isOfOneType && recipe.soleLeaf !== undefined ? entity[recipe.soleLeaf] : undefined;
    if (typeof leaf === 'string' || typeof leaf === 'number') {
      const known = this.#indexes.get(leaf);
      if (known !== undefined) return this.#take(entity, known);
      this.#indexes.set(leaf, this.representations.length);
      return this.#addNew(entity, this.#form === 'json' ? recipe.text(entity) : recipe.object(entity));
    }
    const text = recipe.text(entity);
    if (typeof text !== 'string') {
      if (text) this.#unrepresented.push({ entity, failure: text });
      return;
    }
    // Where a leaf that is neither text nor number stands for the key, its text could be another's sole leaf.
    const known = recipe.soleLeaf === undefined || !this.#isOfOneType ? this.#indexes.get(text) : undefined;
    if (known !== undefined) return this.#take(entity, known);
    if (recipe.soleLeaf === undefined || !this.#isOfOneType) this.#indexes.set(text, this.representations.length);
    this.#addNew(entity, this.#form === 'json' ? text : recipe.object(entity));
  }

  #addNew(entity: JsonObject, representation: string | JsonObject | Failure | undefined): void {
    this.#take(entity, this.representations.push(representation as string & JsonObject) - 1);
  }

  #take(entity: JsonObject, index: number): void {
    this.entities.push(entity);
    this.answerIndexes.push(index);
  }
}

function hasOneObjectType(requires: readonly QueryPlanSelectionNode[], schema: GraphQLSchema): boolean {
  const [only, ...others] = requires;
  return (
    others.length === 0 && only?.kind === 'InlineFragment' && isObjectType(schema.getType(only.typeCondition ?? ''))
  );
}
