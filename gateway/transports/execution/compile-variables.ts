import {
  coerceInputValue,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from 'graphql';
import { writeProperty } from '../../engine/json.js';

/**
 * Coerces the variables of a request; undefined if one is at fault, which graphql-js then tells. Those that are `settled`
 * are as their types want them.
 */
export type VariablesOf = (
  given: Readonly<Record<string, unknown>>,
  settled?: Readonly<Record<string, unknown>>,
) => Record<string, unknown> | undefined;

type Coercer = (value: unknown) => unknown;

const FAULT = Symbol('a value that its type does not take');

export function compileVariables(schema: GraphQLSchema, definitions: readonly VariableDefinitionNode[]): VariablesOf {
  const variables = definitions.map((definition) => {
    const type = typeFromAST(schema, definition.type);
    return {
      name: definition.variable.name.value,
      coerce: isInputType(type) ? compileCoercer(type) : () => FAULT,
      // Made for each request: a resolver may change it.
      absent: (): unknown => {
        if (definition.defaultValue && isInputType(type)) return valueFromAST(definition.defaultValue, type);
        return isNonNullType(type) ? FAULT : undefined;
      },
      hasDefault: definition.defaultValue !== undefined,
    };
  });
  return (given, settled) => {
    const coerced: Record<string, unknown> = {};
    for (const { absent, coerce, hasDefault, name } of variables) {
      if (settled !== undefined && Object.hasOwn(settled, name)) {
        writeProperty(coerced, name, settled[name]);
        continue;
      }
      const isGiven = Object.hasOwn(given, name);
      const value = isGiven ? coerce(given[name]) : absent();
      if (value === FAULT) return undefined;
      if (isGiven || hasDefault) writeProperty(coerced, name, value);
    }
    return coerced;
  };
}

function compileCoercer(type: GraphQLInputType): Coercer {
  if (isNonNullType(type)) {
    const coerce = compileCoercer(type.ofType);
    return (value) => (value === null || value === undefined ? FAULT : coerce(value));
  }
  const coerce = isListType(type) ? listCoercer(type.ofType) : isLeafType(type) ? leafCoercer(type) : slowCoercer(type);
  return (value) => (value === null || value === undefined ? null : coerce(value));
}

function listCoercer(itemType: GraphQLInputType): Coercer {
  const coerce = compileCoercer(itemType);
  return (value) => {
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const given of value) {
        const item = coerce(given);
        if (item === FAULT) return FAULT;
        items.push(item);
      }
      return items;
    }
    // Other iterables are rare enough to be left to graphql-js.
    if (typeof value === 'object') return FAULT;
    const item = coerce(value);
    return item === FAULT ? FAULT : [item];
  };
}

function leafCoercer(type: { parseValue(value: unknown): unknown }): Coercer {
  return (value) => {
    try {
      const parsed = type.parseValue(value);
      return parsed === undefined ? FAULT : parsed;
    } catch {
      return FAULT;
    }
  };
}

function slowCoercer(type: GraphQLInputType): Coercer {
  return (value) => {
    let isFaulty = false;
    const coerced: unknown = coerceInputValue(value, type, () => (isFaulty = true));
    return isFaulty ? FAULT : coerced;
  };
}
