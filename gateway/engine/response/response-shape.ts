import {
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLInterfaceType,
  type GraphQLNonNull,
  type GraphQLNullableType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { Variables } from '../engine.js';
import { Failure, isObject } from '../failure.js';
import type { FieldDenials } from '../field-denials.js';
import { readProperty, writeProperty, type JsonObject } from '../json.js';
import { collectFields, selectionSetsOf, type CollectScope } from './collect-fields.js';
import type { DataNames } from '../plan/data-names.js';
import { BUBBLE, EXPLAINED_NULL, type Completer, type Completion } from './completion.js';
import { satisfiesTypeCondition, typeNameOf } from '../plan/type-conditions.js';
import { leafCheck } from './leaf-completer.js';

export interface ShapeScope extends CollectScope {
  readonly denials: FieldDenials | undefined;
  /** With the inaccessible types and values: a value of those is shown as null, and nothing is said about it. */
  readonly supergraph: GraphQLSchema;
  readonly dataNames: DataNames;
  /** Answers `__schema` and `__type`. */
  readonly introspect: (responseName: string, nodes: readonly FieldNode[], variables: Variables) => unknown;
}

type CompositeType = GraphQLObjectType | GraphQLInterfaceType;
type GraphQLNullableOutputType = Exclude<GraphQLOutputType, GraphQLNonNull<GraphQLNullableType>>;

interface FieldShape {
  readonly responseName: string;
  readonly complete: (source: JsonObject, completion: Completion) => unknown;
}

/**
 * Compiles a selection into the function that shapes the response: result coercion of the GraphQL specification
 * (6.4.3, 6.4.4) over the API schema. Only what the client selected and may read comes through, whatever subgraphs sent.
 */
export function shapeObject(
  scope: ShapeScope,
  type: CompositeType,
  selectionSets: readonly SelectionSetNode[],
): Completer {
  const collected = collectFields(scope, type, selectionSets);
  const fields = [...collected.fields].map(([name, nodes]) => shapeField(scope, type, name, nodes));
  const deferred = collected.deferred.map(({ label, selectionSet }) => ({
    label,
    // The deferred fetches may tell the concrete type of what only an interface object was known of.
    shape: lazily(() =>
      isInterfaceType(type) ? shapeAbstract(scope, type, [selectionSet]) : shapeObject(scope, type, [selectionSet]),
    ),
  }));
  return (source, completion) => {
    if (!isObject(source)) return completion.reportInvalid(`A subgraph answered no object for type ${type.name}.`);
    const { metCount } = completion;
    const result = shapeFields(fields, source, completion);
    completion.leave(source, metCount);
    if (!result) return EXPLAINED_NULL;
    for (const { label, shape } of deferred)
      completion.pending.push({ label, shape, source, path: [...completion.path] });
    return result;
  };
}

/** Undefined if a null bubbles. */
function shapeFields(
  fields: readonly FieldShape[],
  source: JsonObject,
  completion: Completion,
): JsonObject | undefined {
  const result: JsonObject = {};
  for (const field of fields) {
    completion.path.push(field.responseName);
    const value = field.complete(source, completion);
    completion.path.pop();
    if (value === BUBBLE) return undefined;
    writeProperty(result, field.responseName, value === EXPLAINED_NULL ? null : value);
  }
  return result;
}

function shapeField(
  scope: ShapeScope,
  type: CompositeType,
  responseName: string,
  nodes: readonly FieldNode[],
): FieldShape {
  const fieldName = nodes[0]?.name.value ?? '';
  if (fieldName === '__typename')
    return { responseName, complete: (source, completion) => typeNameValue(type, source, completion) };
  if (fieldName === '__schema' || fieldName === '__type') {
    return { responseName, complete: (_, completion) => scope.introspect(responseName, nodes, completion.variables) };
  }
  const field = type.getFields()[fieldName];
  if (!field) throw new Error(`${type.name}.${fieldName} is not in the schema: was the operation validated?`);
  const permission = scope.denials?.missing(type.name, fieldName);
  if (permission !== undefined) {
    const denied = isNonNullType(field.type) ? BUBBLE : EXPLAINED_NULL;
    return { responseName, complete: (_, completion) => deny(type.name, fieldName, permission, completion, denied) };
  }
  const selectionSets = selectionSetsOf(nodes);
  const complete = shapeValue(scope, field.type, selectionSets, `${type.name}.${fieldName}`);
  const dataName = nodes[0] ? scope.dataNames.nameOf(nodes[0]) : responseName;
  return { responseName, complete: (source, completion) => complete(readProperty(source, dataName), completion) };
}

function typeNameValue(type: CompositeType, source: JsonObject, completion: Completion): unknown {
  if (isObjectType(type)) return type.name;
  completion.reportUntold(
    source,
    `Cannot return null for non-nullable field ${type.name}.__typename: no subgraph told the concrete type.`,
  );
  return BUBBLE;
}

function deny(typeName: string, fieldName: string, permission: string, completion: Completion, answer: symbol): symbol {
  const message = `You lack the permission "${permission}" to read ${typeName}.${fieldName}.`;
  completion.report(new PlatformError('FORBIDDEN', message, { requires: permission }), [...completion.path]);
  return answer;
}

function shapeValue(
  scope: ShapeScope,
  type: GraphQLOutputType,
  selectionSets: readonly SelectionSetNode[],
  coordinate: string,
): Completer {
  if (isNonNullType(type)) {
    const complete = shapeValue(scope, type.ofType, selectionSets, coordinate);
    return (value, completion) => {
      const completed = complete(value, completion);
      if (completed === null) completion.reportInvalid(`Cannot return null for non-nullable field ${coordinate}.`);
      return completed === null || completed === EXPLAINED_NULL ? BUBBLE : completed;
    };
  }
  const complete = shapeNullable(scope, type, selectionSets, coordinate);
  return (value, completion) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Failure) return completion.reportFailure(value);
    return complete(value, completion);
  };
}

function shapeNullable(
  scope: ShapeScope,
  type: GraphQLNullableOutputType,
  selectionSets: readonly SelectionSetNode[],
  coordinate: string,
): Completer {
  if (isListType(type)) return shapeList(shapeValue(scope, type.ofType, selectionSets, coordinate), coordinate);
  if (isLeafType(type)) {
    const isValid = leafCheck(type);
    const hidden = scope.supergraph.getType(type.name);
    const isHidden = isEnumType(hidden) ? leafCheck(hidden) : () => false;
    return (value, completion) => {
      if (isValid(value)) return value;
      if (isHidden(value)) return EXPLAINED_NULL;
      return completion.reportInvalid(`A subgraph answered an invalid ${type.name} for ${coordinate}.`);
    };
  }
  if (isObjectType(type)) return lazily(() => shapeObject(scope, type, selectionSets));
  return shapeAbstract(scope, type, selectionSets);
}

function shapeList(complete: Completer, coordinate: string): Completer {
  return (value, completion) => {
    if (!Array.isArray(value)) return completion.reportInvalid(`A subgraph answered no list for ${coordinate}.`);
    const result: unknown[] = [];
    for (let index = 0; index < value.length; index++) {
      completion.path.push(index);
      const item = complete(value[index], completion);
      completion.path.pop();
      if (item === BUBBLE) return EXPLAINED_NULL;
      result.push(item === EXPLAINED_NULL ? null : item);
    }
    return result;
  };
}

function shapeAbstract(
  scope: ShapeScope,
  type: GraphQLAbstractType,
  selectionSets: readonly SelectionSetNode[],
): Completer {
  const byTypeName = new Map<string, Completer>();
  const completerFor = (typeName: string): Completer | undefined => {
    const known = byTypeName.get(typeName);
    if (known) return known;
    const concrete = scope.schema.getType(typeName);
    // A subgraph with @interfaceObject knows the interface only; if nothing depends on the concrete type, that is enough.
    if (!isObjectType(concrete) && !isInterfaceType(concrete)) return undefined;
    if (concrete !== type && !scope.schema.isSubType(type, concrete)) return undefined;
    const completer = shapeObject(scope, concrete, selectionSets);
    byTypeName.set(typeName, completer);
    return completer;
  };
  return (value, completion) => {
    if (!isObject(value)) return completion.reportInvalid(`A subgraph answered no object for type ${type.name}.`);
    const typeName = typeNameOf(value) ?? type.name;
    const complete = completerFor(typeName);
    if (complete) return complete(value, completion);
    const isHidden = satisfiesTypeCondition(scope.supergraph, typeName, type.name);
    return isHidden
      ? EXPLAINED_NULL
      : completion.reportInvalid(`A subgraph answered an object that is no ${type.name}.`);
  };
}

/** Compiles a part of the response when it first occurs: most possible types never do. */
function lazily(make: () => Completer): Completer {
  let made: Completer | undefined;
  return (value, completion) => (made ??= make())(value, completion);
}
