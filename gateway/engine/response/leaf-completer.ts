import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isEnumType,
  type GraphQLLeafType,
} from 'graphql';

/** Whether a subgraph's value is one that the leaf type allows. Custom scalars are the subgraphs' own affair. */
export function leafCheck(type: GraphQLLeafType): (value: unknown) => boolean {
  if (isEnumType(type)) {
    const names = new Set(type.getValues().map(({ name }) => name));
    return (value) => typeof value === 'string' && names.has(value);
  }
  switch (type.name) {
    case GraphQLString.name:
      return (value) => typeof value === 'string';
    case GraphQLInt.name:
      return (value) => typeof value === 'number' && (value | 0) === value;
    case GraphQLFloat.name:
      return Number.isFinite;
    case GraphQLBoolean.name:
      return (value) => typeof value === 'boolean';
    case GraphQLID.name:
      return (value) => typeof value === 'string' || Number.isInteger(value);
    default:
      return () => true;
  }
}
