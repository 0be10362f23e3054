import { Kind, valueFromASTUntyped, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { Variables } from '../../engine/engine.js';
import type { ListSize } from './cost-directives.js';

/** An amount that may depend on the variables of a request. */
export type Amount = (variables: Variables) => number;

type Slice = (variables: Variables) => unknown;

/**
 * The number of elements that a `@listSize` lets expect: the largest of the slicing arguments given, else the assumed
 * size, else the default. Throws `BAD_USER_INPUT` where the directive asks for exactly one slicing argument.
 */
export function expectedSize(
  listSize: ListSize,
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  sizeDefault: number,
): Amount {
  const { assumedSize = sizeDefault, slicingArguments, requireOneSlicingArgument } = listSize;
  if (slicingArguments.length === 0) return () => assumedSize;
  const slices = slicingArguments.map((path) => sliceOf(path.split('.'), node, field));
  return (variables) => {
    let given = 0;
    let size = -1;
    let fallback = -1;
    for (const { read, isGiven } of slices) {
      const value = read(variables);
      if (value === null || value === undefined) continue;
      if (isGiven) given++;
      if (typeof value !== 'number') continue;
      if (isGiven) size = Math.max(size, value, 0);
      else fallback = Math.max(fallback, value, 0);
    }
    if (requireOneSlicingArgument && given !== 1 && !(given === 0 && fallback >= 0)) {
      const names = slicingArguments.join('", "');
      throw new PlatformError('BAD_USER_INPUT', `"${field.name}" takes exactly one of the arguments "${names}".`);
    }
    return given > 0 && size >= 0 ? size : fallback >= 0 ? fallback : assumedSize;
  };
}

/** Reads a slicing argument; `isGiven` is false where only the schema's default can be meant. */
function sliceOf(
  [name, ...path]: readonly string[],
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
): { read: Slice; isGiven: boolean } {
  const given = node.arguments?.find((argument) => argument.name.value === name);
  if (given) return { read: reading(given.value, path), isGiven: true };
  const value = descend(field.args.find((argument) => argument.name === name)?.defaultValue, path);
  return { read: () => value, isGiven: false };
}

function reading(value: ValueNode, path: readonly string[]): Slice {
  const [name, ...rest] = path;
  if (value.kind === Kind.VARIABLE) {
    const variable = value.name.value;
    return (variables) => descend(variables[variable], path);
  }
  if (name === undefined || value.kind !== Kind.OBJECT) {
    const literal = descend(valueFromASTUntyped(value), path);
    return () => literal;
  }
  const field = value.fields.find((candidate) => candidate.name.value === name);
  return field ? reading(field.value, rest) : () => undefined;
}

function descend(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[name];
  }
  return current;
}
