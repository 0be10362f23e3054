import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isScalarType,
  type GraphQLLeafType,
} from 'graphql';
import { coordinateOf, type FieldSite } from './field-site.js';
import { inspectValue } from './inspect-value.js';

/** Serializes what a resolver returned; throws what is to be reported. */
export type LeafCompleter = (value: unknown) => unknown;

/** Values that the built-in scalars answer unchanged. */
const UNCHANGED = new Map<GraphQLLeafType['serialize'], (value: unknown) => boolean>([
  [GraphQLString.serialize, (value) => typeof value === 'string'],
  [GraphQLID.serialize, (value) => typeof value === 'string'],
  [GraphQLBoolean.serialize, (value) => typeof value === 'boolean'],
  [GraphQLFloat.serialize, (value) => typeof value === 'number' && Number.isFinite(value)],
  [GraphQLInt.serialize, (value) => typeof value === 'number' && (value | 0) === value],
]);

export function compileLeafCompleter(type: GraphQLLeafType, isNonNull: boolean, site: FieldSite): LeafCompleter {
  const slow: LeafCompleter = (value) => {
    if (value instanceof Error) throw value;
    if (value === null || value === undefined) return completeNull(isNonNull, site);
    const serialized: unknown = type.serialize(value);
    if (serialized !== null && serialized !== undefined) return serialized;
    throw new Error(
      `Expected \`${inspectValue(type)}.serialize(${inspectValue(value)})\` to return non-nullable value, ` +
        `returned: ${inspectValue(serialized)}`,
    );
  };
  const isUnchanged = isScalarType(type) ? UNCHANGED.get(type.serialize) : undefined;
  return isUnchanged ? (value) => (isUnchanged(value) ? value : slow(value)) : slow;
}

export function completeNull(isNonNull: boolean, site: FieldSite): null {
  if (isNonNull) throw new Error(`Cannot return null for non-nullable field ${coordinateOf(site)}.`);
  return null;
}
