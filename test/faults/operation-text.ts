import {
  type GraphQLField,
  type GraphQLNamedOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** The text of an operation with one root field and all of its arguments as variables. */
export function operationText(
  schema: GraphQLSchema,
  kind: 'query' | 'mutation' | 'subscription',
  field: GraphQLField<unknown, unknown>,
): string {
  const variables = field.args.map((argument) => `$${argument.name}: ${String(argument.type)}`);
  const given = field.args.map(({ name }) => `${name}: $${name}`);
  const list = (items: readonly string[]): string => (items.length === 0 ? '' : `(${items.join(', ')})`);
  const selection = selectionOf(schema, getNamedType(field.type), 2);
  return `${kind} ${list(variables)} { ${field.name}${list(given)} ${selection} }`;
}

/** Every leaf without arguments, and objects below to a depth. */
function selectionOf(schema: GraphQLSchema, type: GraphQLNamedOutputType, depth: number): string {
  if (isLeafType(type)) return '';
  if (isAbstractType(type)) return abstractSelection(schema, type);
  const parts = ['__typename'];
  for (const field of Object.values(type.getFields())) {
    if (field.args.some((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined)) continue;
    const named = getNamedType(field.type);
    if (isLeafType(named)) parts.push(field.name);
    else if (depth > 0 && isOwn(field.name, named))
      parts.push(`${field.name} ${selectionOf(schema, named, depth - 1)}`);
  }
  return `{ ${parts.join(' ')} }`;
}

/** Only what belongs to the answer itself, so that the text stays within the limits of a document. */
function isOwn(name: string, type: GraphQLNamedOutputType): boolean {
  if (['nodes', 'userErrors', 'node', 'subject'].includes(name)) return true;
  return isObjectType(type) && !type.name.endsWith('Connection') && type.name !== 'PageInfo' && type.name !== 'Query';
}

/** Leaves under names of their own: types of an interface may use one name for different things. */
function abstractSelection(schema: GraphQLSchema, type: Parameters<GraphQLSchema['getPossibleTypes']>[0]): string {
  const fragments = schema.getPossibleTypes(type).map((possible) => {
    const leaves = Object.values(possible.getFields()).filter(
      (field) => field.args.length === 0 && isLeafType(getNamedType(field.type)) && field.name !== 'id',
    );
    const shown = leaves.slice(0, 2).map(({ name }) => `${possible.name}_${name}: ${name}`);
    return shown.length === 0 ? '' : `... on ${possible.name} { ${shown.join(' ')} }`;
  });
  return `{ __typename ${fragments.join(' ')} }`;
}
