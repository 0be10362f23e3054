import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { Failure, isObject } from '../failure.js';
import { hasSafeName, readProperty, writeProperty, type JsonObject } from '../json.js';
import { exactRecipe } from './exact-representation.js';
import { satisfiesTypeCondition } from './type-conditions.js';

/** Why there is no representation: the fetch that should have brought a needed field failed, or it is just not there. */
export type Missing = Failure | undefined;

/** How entities of one type are represented to a subgraph: by a key, and what `@requires` names. */
export interface RepresentationRecipe {
  /** The representation as the text of its JSON. Equal representations have equal texts. */
  text(entity: JsonObject): string | Missing;
  /** The same as an object; only for an entity that has a text. */
  object(entity: JsonObject): JsonObject;
  /** The one field that tells representations of this type apart, if a single leaf does. */
  readonly soleLeaf: string | undefined;
}

interface RecipeField {
  readonly name: string;
  /** `"name":` */
  readonly head: string;
  readonly below: readonly RecipeField[] | undefined;
}

/** Makes the recipe for one concrete type; undefined if the fetch wants nothing of this type. */
export function recipeFor(
  typeName: string,
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: readonly FetchDataRewrite[] | undefined,
  schema: GraphQLSchema,
): RepresentationRecipe | undefined {
  const matching = requires.filter(
    (selection) =>
      selection.kind === 'InlineFragment' && satisfiesTypeCondition(schema, typeName, selection.typeCondition ?? ''),
  );
  const [only] = matching;
  if (only?.kind !== 'InlineFragment') return undefined;
  const fields = matching.length === 1 ? fieldsOf(only.selections) : undefined;
  const sentTypeName = sentTypeNameOf(typeName, inputRewrites, schema);
  if (!fields?.some(({ name }) => name === '__typename') || sentTypeName === undefined) {
    return exactRecipe(requires, inputRewrites, schema);
  }
  return straightRecipe(
    sentTypeName,
    fields.filter(({ name }) => name !== '__typename'),
  );
}

/** The fields, if there are no type conditions among them. */
function fieldsOf(selections: readonly QueryPlanSelectionNode[]): readonly RecipeField[] | undefined {
  const fields: RecipeField[] = [];
  for (const selection of selections) {
    if (selection.kind !== 'Field') return undefined;
    const below = selection.selections && fieldsOf(selection.selections);
    if (selection.selections && !below) return undefined;
    const name = selection.alias ?? selection.name;
    fields.push({ name, head: `${JSON.stringify(name)}:`, below });
  }
  return fields;
}

/** The type name that the subgraph knows the entity by; undefined if the rewrites change more than that. */
function sentTypeNameOf(
  typeName: string,
  rewrites: readonly FetchDataRewrite[] | undefined,
  schema: GraphQLSchema,
): string | undefined {
  let sent = typeName;
  for (const rewrite of rewrites ?? []) {
    const [condition = '', last, ...more] = rewrite.path;
    if (rewrite.kind !== 'ValueSetter' || !condition.startsWith('... on ') || last !== '__typename' || more.length > 0)
      return undefined;
    if (typeof rewrite.setValueTo !== 'string') return undefined;
    if (satisfiesTypeCondition(schema, sent, condition.slice('... on '.length))) sent = rewrite.setValueTo;
  }
  return sent;
}

function straightRecipe(typeName: string, fields: readonly RecipeField[]): RepresentationRecipe {
  const [first] = fields;
  const soleLeaf = fields.length === 1 && first && !first.below ? first.name : undefined;
  const write = (entity: JsonObject): string | Missing =>
    objectText(entity, fields, `{"__typename":${JSON.stringify(typeName)}`);
  if (soleLeaf !== undefined && hasSafeName(soleLeaf)) return soleLeafRecipe(typeName, soleLeaf, write);
  return {
    soleLeaf,
    text: write,
    object(entity) {
      const object: JsonObject = { __typename: typeName };
      fillObject(object, entity, fields);
      return object;
    },
  };
}

/** The most frequent kind. */
function soleLeafRecipe(
  typeName: string,
  soleLeaf: string,
  write: (entity: JsonObject) => string | Missing,
): RepresentationRecipe {
  return {
    soleLeaf,
    text: remembered(soleLeaf, write),
    object(entity) {
      const object: JsonObject = { __typename: typeName };
      object[soleLeaf] = copiedValue(entity[soleLeaf], undefined);
      return object;
    },
  };
}

/** Texts kept for one recipe, and the longest key that has one kept. */
const REMEMBERED_MAX = 2_000;
const REMEMBERED_LENGTH_MAX = 64;

/** The same text for the same key is the same string: it need not be written, nor hashed where it is looked up, again. */
function remembered(
  leaf: string,
  write: (entity: JsonObject) => string | Missing,
): (entity: JsonObject) => string | Missing {
  let texts = new Map<string, string>();
  return (entity) => {
    const key = entity[leaf];
    if (typeof key !== 'string' || key.length > REMEMBERED_LENGTH_MAX) return write(entity);
    const known = texts.get(key);
    if (known !== undefined) return known;
    const text = write(entity);
    if (typeof text !== 'string') return text;
    if (texts.size >= REMEMBERED_MAX) texts = new Map();
    texts.set(key, text);
    return text;
  };
}

function objectText(source: JsonObject, fields: readonly RecipeField[], opening: string): string | Missing {
  let text = opening;
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as RecipeField;
    const value = readProperty(source, field.name);
    if (value === undefined) return undefined;
    if (value instanceof Failure && value.isUnknown) return value;
    text += (text === '{' ? '' : ',') + field.head + valueText(value, field.below);
  }
  return `${text}}`;
}

// oxlint-disable-next-line no-control-regex -- exactly the characters that JSON (RFC 8259, 7) and JSON.stringify escape
const ESCAPED = /[\u0000-\u001F"\\\uD800-\uDFFF]/;

function valueText(value: unknown, below: readonly RecipeField[] | undefined): string {
  if (typeof value === 'string') return ESCAPED.test(value) ? JSON.stringify(value) : `"${value}"`;
  if (value === null || value instanceof Failure) return 'null';
  if (!below) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item ?? null, below)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const text = objectText(value, below, '{');
  return typeof text === 'string' ? text : 'null';
}

/** False if a field is missing. */
function fillObject(target: JsonObject, source: JsonObject, fields: readonly RecipeField[]): boolean {
  for (const { name, below } of fields) {
    const value = readProperty(source, name);
    if (value === undefined || (value instanceof Failure && value.isUnknown)) return false;
    writeProperty(target, name, copiedValue(value, below));
  }
  return true;
}

function copiedValue(value: unknown, below: readonly RecipeField[] | undefined): unknown {
  if (value === null || value === undefined || value instanceof Failure) return null;
  if (Array.isArray(value)) return value.map((item) => copiedValue(item, below));
  if (!below || !isObject(value)) return value;
  const copy: JsonObject = {};
  return fillObject(copy, value, below) ? copy : null;
}
