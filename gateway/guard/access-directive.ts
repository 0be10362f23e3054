import { Kind, type ConstDirectiveNode, type DocumentNode, type TypeNode } from 'graphql';

const DIRECTIVE = 'access';

/** One `@access` in a schema: on a type (`User`) or on a field (`User.email`). */
export interface AccessRequirement {
  readonly coordinate: string;
  readonly permission: string;
}

/** A field of an object or interface type, and the name of the type that it answers. */
export interface FieldCoordinate {
  readonly typeName: string;
  readonly fieldName: string;
  readonly answers: string;
}

/** Finds all `@access` of a schema. Throws if one names no permission: it would protect nothing. */
export function accessRequirements(schema: DocumentNode): AccessRequirement[] {
  const found: AccessRequirement[] = [];
  const add = (directives: readonly ConstDirectiveNode[] | undefined, coordinate: string): void => {
    const permission = permissionOf(directives, coordinate);
    if (permission !== undefined) found.push({ coordinate, permission });
  };
  for (const type of compositeTypes(schema)) {
    add(type.directives, type.name.value);
    for (const field of type.fields ?? []) add(field.directives, `${type.name.value}.${field.name.value}`);
  }
  return found;
}

export function fieldCoordinates(schema: DocumentNode): FieldCoordinate[] {
  return compositeTypes(schema).flatMap((type) =>
    (type.fields ?? []).map((field) => ({
      typeName: type.name.value,
      fieldName: field.name.value,
      answers: nameOf(field.type),
    })),
  );
}

/**
 * Subgraphs that ask for different permissions on the same element. Composition would pick one of them, and what the
 * others meant to protect would not be.
 */
export function conflictingAccess(
  subgraphs: readonly { readonly name: string; readonly schema: DocumentNode }[],
): string[] {
  const first = new Map<string, { permission: string; name: string }>();
  const conflicts: string[] = [];
  for (const { name, schema } of subgraphs) {
    for (const { coordinate, permission } of accessRequirements(schema)) {
      const known = first.get(coordinate);
      if (!known) first.set(coordinate, { permission, name });
      else if (known.permission !== permission) {
        conflicts.push(
          `${coordinate} needs "${known.permission}" by subgraph "${known.name}", but "${permission}" by "${name}"`,
        );
      }
    }
  }
  return conflicts;
}

function compositeTypes(schema: DocumentNode) {
  return schema.definitions.filter(
    (definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
      definition.kind === Kind.OBJECT_TYPE_EXTENSION ||
      definition.kind === Kind.INTERFACE_TYPE_DEFINITION ||
      definition.kind === Kind.INTERFACE_TYPE_EXTENSION,
  );
}

function permissionOf(directives: readonly ConstDirectiveNode[] | undefined, coordinate: string): string | undefined {
  const directive = directives?.find(({ name }) => name.value === DIRECTIVE);
  if (!directive) return undefined;
  const value = directive.arguments?.find(({ name }) => name.value === 'permission')?.value;
  if (value?.kind === Kind.STRING && value.value !== '') return value.value;
  throw new Error(`@access on ${coordinate} names no permission`);
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}
