import {
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { collectFields } from '../../engine/response/collect-fields.js';
import type { JsonObject } from '../../engine/json.js';
import { compileField, compilePlainLeaf, type FieldRunner, type PlainLeaf } from './compile-field.js';
import type { ExecutionRun, Path } from './execution-run.js';
import type { OperationScope } from './field-site.js';
import { isUnchanged } from './leaf-completer.js';
import { isPending } from './thenable.js';

/** ExecuteSelectionSet (GraphQL specification, 6.3): the object, or a promise of it if a field is one. */
export type SelectionRunner = (run: ExecutionRun, source: unknown, path: Path | undefined) => unknown;

interface SelectedField {
  readonly responseName: string;
  readonly run: FieldRunner;
  readonly plain: PlainLeaf | undefined;
  /** A `__typename` that need not be among the properties. */
  readonly isHidden: boolean;
}

/** Objects that have their type's name without showing it: as JSON, and as keys, they are their own properties. */
function namedObject(typeName: string): new () => JsonObject {
  class Named {
    declare readonly __typename: string;
  }
  Object.defineProperty(Named.prototype, '__typename', { value: typeName, writable: true });
  return Named as unknown as new () => JsonObject;
}

/** Compiles the selection sets of the nodes for one object type; fields run side by side. */
export function compileSelection(
  scope: OperationScope,
  type: GraphQLObjectType,
  nodes: readonly Pick<FieldNode, 'selectionSet'>[],
): SelectionRunner {
  const selected = selectedFields(scope, type, nodes);
  const fields = selected.filter(({ isHidden }) => !isHidden);
  const count = fields.length;
  const Named = count < selected.length ? namedObject(type.name) : undefined;
  return (run, source, path) => {
    const result: JsonObject = Named ? new Named() : {};
    let pending: Promise<unknown>[] | undefined;
    let pendingNames: string[] | undefined;
    try {
      for (let i = 0; i < count; i++) {
        const { plain, responseName, run: runField } = fields[i] as SelectedField;
        let value: unknown;
        if (plain === undefined || typeof source !== 'object' || source === null) {
          value = runField(run, source, path);
        } else {
          try {
            value = (source as Record<string, unknown>)[plain.property];
          } catch (error) {
            value = plain.fail(run, path, error);
          }
          if (!isUnchanged(value, plain.unchanged)) value = plain.complete(run, source, path, value);
        }
        result[responseName] = value;
        if (!isPending(value)) continue;
        (pending ??= []).push(value);
        (pendingNames ??= []).push(responseName);
      }
    } catch (error) {
      if (!pending) throw error;
      // As graphql-js, turn for turn: the others are waited for before the error goes up. Which of several errors is
      // reported depends on it.
      return Promise.all(pending)
        .then(() => undefined)
        .finally(() => {
          throw error;
        });
    }
    if (!pending || !pendingNames) return result;
    const names = pendingNames;
    return Promise.all(pending).then((values) => {
      names.forEach((name, i) => (result[name] = values[i]));
      return result;
    });
  };
}

/** For mutations: one field after the other (6.3.1). */
export function compileSerialSelection(
  scope: OperationScope,
  type: GraphQLObjectType,
  nodes: readonly Pick<FieldNode, 'selectionSet'>[],
): SelectionRunner {
  const fields = selectedFields(scope, type, nodes);
  return async (run, source, path) => {
    const result: JsonObject = {};
    for (const field of fields) result[field.responseName] = await field.run(run, source, path);
    return result;
  };
}

function selectedFields(
  scope: OperationScope,
  type: GraphQLObjectType,
  nodes: readonly Pick<FieldNode, 'selectionSet'>[],
): SelectedField[] {
  const collected = collectFields(
    {
      schema: scope.schema,
      fragments: new Map(Object.entries(scope.fragments)),
      variables: scope.conditions,
      isIncremental: false,
    },
    type,
    nodes.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : [])),
  );
  const fields: SelectedField[] = [];
  for (const [responseName, fieldNodes] of collected.fields) {
    const name = fieldNodes[0]?.name.value ?? '';
    const definition = definitionOf(scope, type, name);
    // graphql-js leaves out what the type does not have; validation does not let it come so far.
    if (!definition) continue;
    const site = { scope, parentType: type, definition, responseName, nodes: fieldNodes };
    const isHidden =
      definition === TypeNameMetaFieldDef && fieldNodes.every((node) => scope.hiddenTypeNames?.has(node));
    fields.push({ responseName, run: compileField(site), plain: compilePlainLeaf(site), isHidden });
  }
  return fields;
}

function definitionOf(
  { schema }: OperationScope,
  type: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (type === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return type.getFields()[name];
}
