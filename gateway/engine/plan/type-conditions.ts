import { isAbstractType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';
import type { JsonObject } from '../json.js';

/**
 * Whether a value with this `__typename` satisfies a type condition of the supergraph. An interface name may stand as
 * `__typename`, too: a subgraph with `@interfaceObject` knows no other.
 */
export function satisfiesTypeCondition(schema: GraphQLSchema, typeName: unknown, condition: string): boolean {
  if (typeName === condition) return true;
  if (typeof typeName !== 'string') return false;
  const type = schema.getType(typeName);
  const conditionType = schema.getType(condition);
  if (!type || !conditionType || !isAbstractType(conditionType)) return false;
  return (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(conditionType, type);
}

export function typeNameOf(value: JsonObject): string | undefined {
  return typeof value['__typename'] === 'string' ? value['__typename'] : undefined;
}
