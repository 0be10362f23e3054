import {
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
} from 'graphql';
import type { FieldDenials } from '../engine/field-denials.js';
import { accessRequirements, fieldCoordinates } from './access-directive.js';

/**
 * The permissions that `@access(permission: …)` of the supergraph asks for. A field needs its own permission, that of
 * the type it belongs to, that of the type it answers, and those of the interfaces that it implements.
 */
export class AccessRules {
  readonly #apiSchema: GraphQLSchema;
  readonly #ofField = new Map<string, readonly string[]>();

  /** Throws if an `@access` names no permission. */
  constructor(supergraphSdl: string, apiSchema: GraphQLSchema) {
    this.#apiSchema = apiSchema;
    const schema = parse(supergraphSdl, { noLocation: true });
    const required = new Map(accessRequirements(schema).map(({ coordinate, permission }) => [coordinate, permission]));
    for (const { typeName, fieldName, answers } of fieldCoordinates(schema)) {
      const coordinate = `${typeName}.${fieldName}`;
      const all = [required.get(typeName), required.get(coordinate), required.get(answers)];
      const permissions = new Set(all.filter((permission) => permission !== undefined));
      if (permissions.size > 0) this.#ofField.set(coordinate, [...permissions]);
    }
    this.#protectImplementations();
  }

  /** What an interface asks for, the types that implement it ask for too: a response knows only their fields. */
  #protectImplementations(): void {
    for (const type of Object.values(this.#apiSchema.getTypeMap())) {
      if (!isInterfaceType(type)) continue;
      for (const fieldName of Object.keys(type.getFields())) {
        const ofInterface = this.required(type.name, fieldName);
        if (ofInterface.length === 0) continue;
        for (const { name } of this.#apiSchema.getPossibleTypes(type)) {
          const all = new Set([...this.required(name, fieldName), ...ofInterface]);
          this.#ofField.set(`${name}.${fieldName}`, [...all]);
        }
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
  withoutDenied(document: DocumentNode, denials: FieldDenials): { document: DocumentNode; isChanged: boolean } {
    const typeInfo = new TypeInfo(this.#apiSchema);
    let isChanged = false;
    const filtered = visit(
      document,
      visitWithTypeInfo(typeInfo, {
        Field: {
          enter: ({ name }) => {
            const parent = typeInfo.getParentType();
            if (!parent || !this.#isDeniedThroughout(parent, name.value, denials)) return undefined;
            isChanged = true;
            return null;
          },
        },
      }),
    );
    const repaired = visit(filtered, {
      SelectionSet: (selectionSet) =>
        selectionSet.selections.length > 0
          ? undefined
          : { ...selectionSet, selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] },
    });
    return { document: repaired, isChanged };
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
