import {
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  type TypeNode,
} from 'graphql';

/** A way from an entity of one subgraph into another one: by a field that another adds, or by one that answers another's entity. */
export interface CrossReference {
  readonly from: string;
  readonly field: string;
  readonly subgraph: string;
  readonly kind: 'added field' | 'reference';
  /** Asks for it, beginning from `$id` of an entity. */
  readonly query: string;
}

type ObjectNode = ObjectTypeDefinitionNode | ObjectTypeExtensionNode;

/**
 * Every edge between two subgraphs that begins at an entity, from the SDL of the subgraphs: a field that a subgraph adds to
 * another's entity, and a field by which a subgraph refers to another's entity.
 */
export function crossReferences(
  schemas: ReadonlyMap<string, DocumentNode>,
  ownerOf: ReadonlyMap<string, string>,
): CrossReference[] {
  const objects = [...schemas].flatMap(([subgraph, document]) =>
    document.definitions.filter(isObject).map((type) => ({ subgraph, type })),
  );
  const leafOf = new Map(
    objects.flatMap(({ subgraph, type }) =>
      ownerOf.get(type.name.value) === subgraph ? [[type.name.value, firstLeaf(type)] as const] : [],
    ),
  );
  const found: CrossReference[] = [];
  for (const { subgraph, type } of objects) {
    const owner = ownerOf.get(type.name.value);
    if (owner === undefined) continue;
    for (const field of type.fields ?? []) {
      if (field.name.value === 'id' || isRequiring(field)) continue;
      const target = nameOf(field.type);
      const targetOwner = ownerOf.get(target);
      const isReference = targetOwner !== undefined && targetOwner !== subgraph && leafOf.get(target) !== undefined;
      if (owner === subgraph && !isReference) continue;
      const selection = isReference
        ? `{ id ${leafOf.get(target)} }`
        : selectionOf(
            target,
            objects.map((object) => object.type),
          );
      found.push({
        from: type.name.value,
        field: field.name.value,
        subgraph,
        kind: isReference ? 'reference' : 'added field',
        query: `query ($id: ID!) { node(id: $id) { __typename ... on ${type.name.value} { ${field.name.value} ${selection} } } }`,
      });
    }
  }
  return found;
}

function isObject(definition: DocumentNode['definitions'][number]): definition is ObjectNode {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION;
}

function isRequiring(field: FieldDefinitionNode): boolean {
  return (field.arguments ?? []).some(
    ({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined,
  );
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

/** A field of the owner itself, so that selecting it takes the gateway there. */
function firstLeaf(type: ObjectNode): string | undefined {
  const leaves = ['String', 'Int', 'Boolean', 'DateTime'];
  const field = type.fields?.find((candidate) => leaves.includes(nameOf(candidate.type)) && !isRequiring(candidate));
  return field?.name.value;
}

function selectionOf(typeName: string, objects: readonly ObjectNode[]): string {
  return objects.some(({ name }) => name.value === typeName) ? '{ __typename }' : '';
}
