import {
  getArgumentValues,
  isNonNullType,
  Kind,
  valueFromAST,
  visit,
  type GraphQLArgument,
  type ValueNode,
} from 'graphql';
import type { FieldSite } from './field-site.js';

/** Makes a field's arguments, for each resolver call anew: a resolver may keep and change them. Throws as graphql-js. */
export type ArgumentsOf = (variables: Record<string, unknown>) => Record<string, unknown>;

/** Sets one argument; false if that takes graphql-js, which then tells what is wrong. */
type Setter = (values: Record<string, unknown>, variables: Record<string, unknown>) => boolean;

export function compileArguments({ definition, nodes }: FieldSite): ArgumentsOf {
  const [node] = nodes;
  if (definition.args.length === 0 || !node) return () => ({});
  const given = new Map((node.arguments ?? []).map(({ name, value }) => [name.value, value]));
  const setters = definition.args.map((argument) => compileArgument(argument, given.get(argument.name)));
  return (variables) => {
    const values: Record<string, unknown> = {};
    for (const set of setters) if (!set(values, variables)) return getArgumentValues(definition, node, variables);
    return values;
  };
}

const leftToGraphqlJs: Setter = () => false;

function compileArgument(argument: GraphQLArgument, given: ValueNode | undefined): Setter {
  const { defaultValue, name, type } = argument;
  if (!given) {
    if (defaultValue === undefined) return () => !isNonNullType(type);
    return constantSetter(name, defaultValue);
  }
  if (given.kind === Kind.VARIABLE) return variableSetter(argument, given.name.value);
  // What holds variables, or is an object that a resolver might change, is made for each call.
  if (usesVariables(given)) return leftToGraphqlJs;
  const value: unknown = valueFromAST(given, type);
  return value === undefined || (typeof value === 'object' && value !== null)
    ? leftToGraphqlJs
    : constantSetter(name, value);
}

function constantSetter(name: string, value: unknown): Setter {
  return (values) => {
    values[name] = value;
    return true;
  };
}

function variableSetter({ defaultValue, name, type }: GraphQLArgument, variable: string): Setter {
  const isNonNull = isNonNullType(type);
  return (values, variables) => {
    if (!Object.hasOwn(variables, variable)) {
      if (defaultValue !== undefined) values[name] = defaultValue;
      return defaultValue !== undefined || !isNonNull;
    }
    const value = variables[variable];
    values[name] = value;
    return value !== undefined && (value !== null || !isNonNull);
  };
}

function usesVariables(value: ValueNode): boolean {
  let isUsed = false;
  visit(value, { Variable: () => void (isUsed = true) });
  return isUsed;
}
