import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLString,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionSetNode,
} from 'graphql';
import { hasSafeName, readProperty, writeProperty, type JsonObject } from '../json.js';
import type { ObjectLayout } from '../plan/data-layout.js';
import { collectFields, selectionSetsOf } from './collect-fields.js';
import { leafCheck } from './leaf-completer.js';
import type { ShapeScope } from './response-shape.js';

/** Thrown, always the same, where anything is not as the types say: the exact shape then tells what, and where. */
export const ANOMALY = Symbol('the response needs the exact shape');

/** Shapes a value that is not null; throws {@link ANOMALY}. */
export type StraightShape = (value: unknown) => unknown;

type CompositeType = GraphQLObjectType | GraphQLInterfaceType;

interface StraightField {
  readonly name: string;
  /** Its name in the data. */
  readonly from: string;
  readonly isSafe: boolean;
  /** For `__typename`: known beforehand. */
  readonly constant: string | undefined;
  readonly isNonNull: boolean;
  /** What `typeof` says of values that need no look; `undefined` if each does. */
  readonly passes: 'string' | 'boolean' | undefined;
  readonly shape: StraightShape;
}

/** What the objects that are to be shaped hold, and which layouts need no shaping. */
export interface ReadyLayout {
  readonly of: ObjectLayout | undefined;
  readonly ready: ReadonlySet<ObjectLayout>;
}

/**
 * Compiles a selection for responses in which nothing went wrong: one pass, no paths, no errors. What it answers is what
 * {@link shapeObject} answers; whatever that would report makes this one give up. Given the data's layout, it leaves what
 * is ready made as it is.
 */
export function straightShape(
  scope: ShapeScope,
  type: CompositeType,
  selectionSets: readonly SelectionSetNode[],
  layout?: ReadyLayout,
): StraightShape {
  if (isReady(layout)) return itself;
  const fields = [...collectFields(scope, type, selectionSets).fields].map(([name, nodes]) =>
    straightField(scope, type, name, nodes, layout),
  );
  return fields.every(({ isSafe }) => isSafe) ? safeObject(fields) : anyObject(fields);
}

function safeObject(fields: readonly StraightField[]): StraightShape {
  return (source) => {
    if (typeof source !== 'object' || Array.isArray(source)) throw ANOMALY;
    const result: JsonObject = {};
    for (let i = 0; i < fields.length; i++) {
      const { constant, from, isNonNull, name, passes, shape } = fields[i] as StraightField;
      const value = constant === undefined ? (source as JsonObject)[from] : undefined;
      if (passes !== undefined && typeof value === passes) result[name] = value;
      else if (value !== null && value !== undefined) result[name] = shape(value);
      else if (constant !== undefined) result[name] = constant;
      else if (isNonNull) throw ANOMALY;
      else result[name] = null;
    }
    return result;
  };
}

function anyObject(fields: readonly StraightField[]): StraightShape {
  return (source) => {
    if (typeof source !== 'object' || Array.isArray(source)) throw ANOMALY;
    const result: JsonObject = {};
    for (const { constant, from, isNonNull, name, shape } of fields) {
      const value = constant ?? readProperty(source as JsonObject, from) ?? null;
      if (value === null && isNonNull) throw ANOMALY;
      writeProperty(result, name, value === null ? null : shape(value));
    }
    return result;
  };
}

function straightField(
  scope: ShapeScope,
  type: CompositeType,
  name: string,
  nodes: readonly FieldNode[],
  layout: ReadyLayout | undefined,
): StraightField {
  const fieldName = nodes[0]?.name.value ?? '';
  const isSafe = hasSafeName(name);
  if (fieldName === '__typename' && isObjectType(type))
    return { name, from: name, isSafe, constant: type.name, isNonNull: true, passes: undefined, shape: itself };
  const field = type.getFields()[fieldName];
  // A denied field, introspection, or a type name that no subgraph told.
  if (!field || scope.denials?.missing(type.name, fieldName) !== undefined)
    return { name, from: name, isSafe, constant: undefined, isNonNull: true, passes: undefined, shape: giveUp };
  const selectionSets = selectionSetsOf(nodes);
  const from = nodes[0] ? scope.dataNames.nameOf(nodes[0]) : name;
  const below = layout && { ...layout, of: layout.of?.fields.get(from)?.below };
  return {
    name,
    from,
    isSafe,
    constant: undefined,
    isNonNull: isNonNullType(field.type),
    passes: passingType(field.type),
    shape: isReady(below) ? itself : straightValue(scope, field.type, selectionSets, below),
  };
}

function passingType(outer: GraphQLOutputType): 'string' | 'boolean' | undefined {
  const type = isNonNullType(outer) ? outer.ofType : outer;
  if (!isScalarType(type)) return undefined;
  if (type.name === GraphQLBoolean.name) return 'boolean';
  return type.name === GraphQLString.name || type.name === GraphQLID.name ? 'string' : undefined;
}

function isReady(layout: ReadyLayout | undefined): boolean {
  return layout?.of !== undefined && layout.ready.has(layout.of);
}

function itself(value: unknown): unknown {
  return value;
}

function giveUp(): never {
  throw ANOMALY;
}

function straightValue(
  scope: ShapeScope,
  outer: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  layout: ReadyLayout | undefined,
): StraightShape {
  const type = isNonNullType(outer) ? outer.ofType : outer;
  if (isListType(type)) {
    return straightList(straightValue(scope, type.ofType, selectionSets, layout), isNonNullType(type.ofType));
  }
  if (isLeafType(type)) return straightLeaf(leafCheck(type));
  if (isObjectType(type)) return lazily(() => straightShape(scope, type, selectionSets, layout));
  return straightAbstract(scope, type, selectionSets);
}

function straightLeaf(isValid: (value: unknown) => boolean): StraightShape {
  return (value) => {
    if (!isValid(value)) throw ANOMALY;
    return value;
  };
}

function straightList(shape: StraightShape, isNonNull: boolean): StraightShape {
  return (value) => {
    if (!Array.isArray(value)) throw ANOMALY;
    const result: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (item !== null && item !== undefined) result.push(shape(item));
      else if (isNonNull) throw ANOMALY;
      else result.push(null);
    }
    return result;
  };
}

function straightAbstract(
  scope: ShapeScope,
  type: GraphQLAbstractType,
  selectionSets: readonly SelectionSetNode[],
): StraightShape {
  const byTypeName = new Map<string, StraightShape>();
  const shapeFor = (typeName: string): StraightShape => {
    const known = byTypeName.get(typeName);
    if (known) return known;
    const concrete = scope.schema.getType(typeName);
    if (!isObjectType(concrete) && !isInterfaceType(concrete)) throw ANOMALY;
    if (concrete !== type && !scope.schema.isSubType(type, concrete)) throw ANOMALY;
    const shape = straightShape(scope, concrete, selectionSets);
    byTypeName.set(typeName, shape);
    return shape;
  };
  return (value) => {
    const typeName = (value as JsonObject)['__typename'];
    return shapeFor(typeof typeName === 'string' ? typeName : type.name)(value);
  };
}

/** Compiles a part of the response when it first occurs: most possible types never do. */
function lazily(make: () => StraightShape): StraightShape {
  let made: StraightShape | undefined;
  return (value) => (made ??= make())(value);
}
