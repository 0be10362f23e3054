import {
  type GraphQLSchema,
  type GraphQLType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  isIntrospectionType,
} from 'graphql';

/** A part of a schema that has a coordinate: a type, field, argument, input field or enum value. */
export interface SchemaElement {
  /** `Type`, `Type.member` or `Type.field.argument`, as GraphQL Inspector writes paths. */
  readonly coordinate: string;
  readonly name: string;
  readonly description: string | null | undefined;
  readonly deprecationReason: string | null | undefined;
  /** The type that it answers or takes, with its modifiers; undefined for types and enum values. */
  readonly type?: string;
}

interface Described {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly deprecationReason?: string | null | undefined;
  readonly type?: GraphQLType;
}

/** Every element of a schema by its coordinate, without GraphQL's own types and the descriptions of root types. */
export function elementsOf(schema: GraphQLSchema): ReadonlyMap<string, SchemaElement> {
  const elements = new Map<string, SchemaElement>();
  const add = (coordinate: string, { name, description, deprecationReason, type }: Described): void => {
    const typed = type === undefined ? {} : { type: type.toString() };
    elements.set(coordinate, { coordinate, name, description, deprecationReason, ...typed });
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    add(type.name, { name: type.name, description: type.description });
    if (isEnumType(type)) for (const value of type.getValues()) add(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) add(`${type.name}.${field.name}`, field);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      add(`${type.name}.${field.name}`, field);
      for (const argument of field.args) add(`${type.name}.${field.name}.${argument.name}`, argument);
    }
  }
  return elements;
}
