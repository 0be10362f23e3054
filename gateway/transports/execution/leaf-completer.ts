import { GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString, isScalarType, type GraphQLLeafType } from 'graphql';
import { coordinateOf, type FieldSite } from './field-site.js';
import { inspectValue } from './inspect-value.js';

/** Serializes what a resolver returned; throws what is to be reported. */
export type LeafCompleter = (value: unknown) => unknown;

/** Of the values that a built-in scalar answers unchanged, what `typeof` says; of numbers, only integers of 32 bits. */
export type Unchanged = 'string' | 'boolean' | 'number';

const UNCHANGED = new Map<GraphQLLeafType['serialize'], Unchanged>([
  [GraphQLString.serialize, 'string'],
  [GraphQLID.serialize, 'string'],
  [GraphQLBoolean.serialize, 'boolean'],
  [GraphQLInt.serialize, 'number'],
]);

/** Values that {@link isUnchanged} need no serialiser; `undefined` if the type has one that looks at every value. */
export function unchangedOf(type: GraphQLLeafType): Unchanged | undefined {
  return isScalarType(type) ? UNCHANGED.get(type.serialize) : undefined;
}

export function isUnchanged(value: unknown, unchanged: Unchanged | undefined): boolean {
  return typeof value === unchanged && (typeof value !== 'number' || (value | 0) === value);
}

export function compileLeafCompleter(type: GraphQLLeafType, isNonNull: boolean, site: FieldSite): LeafCompleter {
  const unchanged = unchangedOf(type);
  return (value) => {
    if (isUnchanged(value, unchanged)) return value;
    if (value instanceof Error) throw value;
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
