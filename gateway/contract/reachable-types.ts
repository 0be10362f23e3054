import { type DocumentNode, Kind, type TypeDefinitionNode, type TypeNode, isTypeDefinitionNode } from 'graphql';

const isVisible = ({ directives = [] }: { readonly directives?: TypeDefinitionNode['directives'] }): boolean =>
  directives.every(({ name }) => name.value !== 'inaccessible');

/**
 * The types that a client can come by from the root types: by fields, arguments, inputs, members of unions, interfaces
 * and their implementations, leaving out what is `@inaccessible`. The root types themselves are among them.
 */
export function reachableTypes(document: DocumentNode): ReadonlySet<string> {
  const types = new Map(
    document.definitions.flatMap((node) =>
      isTypeDefinitionNode(node) && isVisible(node) ? [[node.name.value, node] as const] : [],
    ),
  );
  const implementations = Map.groupBy(
    [...types.values()].flatMap((type) =>
      'interfaces' in type ? (type.interfaces ?? []).map(({ name }) => [name.value, type.name.value] as const) : [],
    ),
    ([name]) => name,
  );
  const reached = new Set<string>();
  const waiting = rootNames(document);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const type = types.get(name);
    if (type === undefined || reached.has(name)) continue;
    reached.add(name);
    waiting.push(...namesIn(type), ...(implementations.get(name) ?? []).map(([, implementation]) => implementation));
  }
  return reached;
}

function rootNames({ definitions }: DocumentNode): string[] {
  const schema = definitions.find((node) => node.kind === Kind.SCHEMA_DEFINITION);
  return schema?.operationTypes.map(({ type }) => type.name.value) ?? ['Query', 'Mutation', 'Subscription'];
}

/** The types that the visible parts of a definition name. */
function namesIn(type: TypeDefinitionNode): string[] {
  switch (type.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const fields = (type.fields ?? []).filter(isVisible);
      const inputs = fields.flatMap((field) => (field.arguments ?? []).filter(isVisible));
      const interfaces = (type.interfaces ?? []).map(({ name }) => name.value);
      return [...interfaces, ...[...fields, ...inputs].map((node) => nameOf(node.type))];
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return (type.fields ?? []).filter(isVisible).map((field) => nameOf(field.type));
    case Kind.UNION_TYPE_DEFINITION:
      return (type.types ?? []).map(({ name }) => name.value);
    default:
      return [];
  }
}

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));
