import { GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString, isScalarType, type GraphQLLeafType } from 'graphql';
import { coordinateOf, type FieldSite } from './field-site.js';
import { inspectValue } from './inspect-value.js';
import { isError } from './thenable.js';

/** Serializes what a resolver returned; throws what is to be reported. */
export type LeafCompleter = (value: unknown) => unknown;

/** What `typeof` says of the values that a built-in scalar answers unchanged. */
const UNCHANGED = new Map<GraphQLLeafType['serialize'], 'string' | 'boolean'>([
  [GraphQLString.serialize, 'string'],
  [GraphQLID.serialize, 'string'],
  [GraphQLBoolean.serialize, 'boolean'],
]);

/** Values of this `typeof` need no serialiser; `undefined` if the type has one that looks at every value. */
export function unchangedTypeOf(type: GraphQLLeafType): 'string' | 'boolean' | undefined {
  return isScalarType(type) ? UNCHANGED.get(type.serialize) : undefined;
}

export function compileLeafCompleter(type: GraphQLLeafType, isNonNull: boolean, site: FieldSite): LeafCompleter {
  const unchanged = unchangedTypeOf(type);
  const isInt = isScalarType(type) && type.serialize === GraphQLInt.serialize;
  return (value) => {
    if (typeof value === unchanged) return value;
    if (isInt && typeof value === 'number' && (value | 0) === value) return value;
    if (isError(value)) throw value;
    if (value === null || value === undefined) return completeNull(isNonNull, site);
    const serialized: unknown = type.serialize(value);
    if (serialized !== null && serialized !== undefined) return serialized;
    throw new Error(
      `Expected \`${inspectValue(type)}.serialize(${inspectValue(value)})\` to return non-nullable value, ` +
        `returned: ${inspectValue(serialized)}`,
    );
  };
}

export function completeNull(isNonNull: boolean, site: FieldSite): null {
  if (isNonNull) throw new Error(`Cannot return null for non-nullable field ${coordinateOf(site)}.`);
  return null;
}
