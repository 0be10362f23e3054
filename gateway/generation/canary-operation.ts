import {
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';

/** The smallest query that asks a subgraph for something: one root field that needs no argument. Undefined if none does. */
export function canaryOperation(schema: GraphQLSchema): string | undefined {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const selection = field.args.some(isRequiredArgument) ? undefined : selectionOf(field);
    if (selection !== undefined) return `{ ${selection} }`;
  }
  return undefined;
}

function selectionOf({ name, type }: GraphQLField<unknown, unknown>): string | undefined {
  const named = getNamedType(type);
  if (isLeafType(named)) return name;
  if (!isObjectType(named) && !isInterfaceType(named)) return `${name} { __typename }`;
  const leaf = Object.values(named.getFields()).find(
    (field) => isLeafType(getNamedType(field.type)) && !field.args.some(isRequiredArgument),
  );
  return `${name} { ${leaf?.name ?? '__typename'} }`;
}
