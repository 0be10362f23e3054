import { GraphQLError, isObjectType, type GraphQLAbstractType, type GraphQLObjectType } from 'graphql';
import { coordinateOf, type FieldSite } from './field-site.js';
import { inspectValue } from './inspect-value.js';

/** Checks what resolved the type of a value (GraphQL specification, 6.4.3), with the messages of graphql-js. */
export function runtimeTypeOf(
  name: unknown,
  type: GraphQLAbstractType,
  site: FieldSite,
  value: unknown,
): GraphQLObjectType {
  const { nodes, scope } = site;
  if (typeof name !== 'string') throw noName(name, type, site, value);
  const runtimeType = scope.schema.getType(name);
  const was = `Abstract type "${type.name}" was resolved to a`;
  if (!runtimeType) throw new GraphQLError(`${was} type "${name}" that does not exist inside the schema.`, { nodes });
  if (!isObjectType(runtimeType)) throw new GraphQLError(`${was} non-object type "${name}".`, { nodes });
  if (!scope.schema.isSubType(type, runtimeType)) {
    const message = `Runtime Object type "${name}" is not a possible type for "${type.name}".`;
    throw new GraphQLError(message, { nodes });
  }
  return runtimeType;
}

function noName(name: unknown, type: GraphQLAbstractType, site: FieldSite, value: unknown): GraphQLError {
  const where = `for field "${coordinateOf(site)}"`;
  const message = `Abstract type "${type.name}" must resolve to an Object type at runtime ${where}`;
  if (name === undefined || name === null) {
    const advice =
      `Either the "${type.name}" type should provide a "resolveType" function or each possible type should ` +
      'provide an "isTypeOf" function.';
    return new GraphQLError(`${message}. ${advice}`, { nodes: site.nodes });
  }
  if (isObjectType(name)) {
    return new GraphQLError(
      'Support for returning GraphQLObjectType from resolveType was removed in graphql-js@16.0.0 ' +
        'please return type name instead.',
    );
  }
  return new GraphQLError(`${message} with value ${inspectValue(value)}, received "${inspectValue(name)}".`);
}
