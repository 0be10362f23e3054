import {
  isAbstractType,
  isCompositeType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type TypeNode,
} from 'graphql';
import type { FieldDenials } from '../engine/field-denials.js';

const DIRECTIVE = 'access';

/**
 * The permissions that `@access(permission: …)` of the supergraph asks for. A field needs its own permission, that of
 * the type it belongs to, and that of the type it answers.
 */
export class AccessRules {
  readonly #apiSchema: GraphQLSchema;
  readonly #ofType = new Map<string, string>();
  readonly #ofField = new Map<string, readonly string[]>();

  /** Throws if an `@access` names no permission: it would protect nothing. */
  constructor(supergraphSdl: string, apiSchema: GraphQLSchema) {
    this.#apiSchema = apiSchema;
    const types = parse(supergraphSdl, { noLocation: true }).definitions.filter(
      (definition) =>
        definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION,
    );
    for (const type of types) {
      const permission = permissionOf(type.directives, type.name.value);
      if (permission !== undefined) this.#ofType.set(type.name.value, permission);
    }
    for (const type of types) {
      for (const field of type.fields ?? []) {
        const coordinate = `${type.name.value}.${field.name.value}`;
        const permissions = [
          this.#ofType.get(type.name.value),
          permissionOf(field.directives, coordinate),
          this.#ofType.get(namedType(field.type)),
        ].filter((permission) => permission !== undefined);
        if (permissions.length > 0) this.#ofField.set(coordinate, [...new Set(permissions)]);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#ofField.size === 0;
  }

  /** Every permission named in the graph. */
  get permissions(): ReadonlySet<string> {
    return new Set([...this.#ofField.values()].flat());
  }

  /** What reading this field of this very type needs. */
  required(typeName: string, fieldName: string): readonly string[] {
    return this.#ofField.get(`${typeName}.${fieldName}`) ?? [];
  }

  /** All permissions that an operation may need, whatever concrete types its abstract types turn out to be. */
  touched(document: DocumentNode): readonly string[] {
    const permissions = new Set<string>();
    const typeInfo = new TypeInfo(this.#apiSchema);
    visit(
      document,
      visitWithTypeInfo(typeInfo, {
        Field: ({ name }) => {
          const parent = typeInfo.getParentType();
          for (const typeName of parent ? this.#typesOf(parent) : []) {
            for (const permission of this.required(typeName, name.value)) permissions.add(permission);
          }
        },
      }),
    );
    return [...permissions].sort();
  }

  denials(missing: ReadonlySet<string>): FieldDenials {
    return {
      missing: (typeName, fieldName) =>
        this.required(typeName, fieldName).find((permission) => missing.has(permission)),
    };
  }

  /**
   * The document without the fields that are denied whatever concrete type they are read from. A selection that
   * becomes empty keeps `__typename`, so that its parent is still fetched.
   */
  withoutDenied(document: DocumentNode, denials: FieldDenials): DocumentNode {
    const typeInfo = new TypeInfo(this.#apiSchema);
    const filtered = visit(
      document,
      visitWithTypeInfo(typeInfo, {
        Field: {
          enter: ({ name }) => {
            const parent = typeInfo.getParentType();
            return parent && this.#isDeniedThroughout(parent, name.value, denials) ? null : undefined;
          },
        },
      }),
    );
    return visit(filtered, {
      SelectionSet: (selectionSet) =>
        selectionSet.selections.length > 0
          ? undefined
          : { ...selectionSet, selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] },
    });
  }

  #isDeniedThroughout(parent: GraphQLCompositeType, fieldName: string, denials: FieldDenials): boolean {
    if (denials.missing(parent.name, fieldName) !== undefined) return true;
    if (!isAbstractType(parent) || fieldName.startsWith('__')) return false;
    const possible = this.#apiSchema.getPossibleTypes(parent);
    return possible.length > 0 && possible.every((type) => denials.missing(type.name, fieldName) !== undefined);
  }

  #typesOf(type: GraphQLCompositeType): string[] {
    if (!isCompositeType(type) || !isAbstractType(type)) return [type.name];
    return [type.name, ...this.#apiSchema.getPossibleTypes(type).map(({ name }) => name)];
  }
}

function permissionOf(directives: readonly ConstDirectiveNode[] | undefined, coordinate: string): string | undefined {
  const directive = directives?.find(({ name }) => name.value === DIRECTIVE);
  if (!directive) return undefined;
  const value = directive.arguments?.find(({ name }) => name.value === 'permission')?.value;
  if (value?.kind !== Kind.STRING || value.value === '') {
    throw new Error(`@access on ${coordinate} names no permission`);
  }
  return value.value;
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
