import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';

/** One field node, and the type that it is selected on. */
export interface FieldUse {
  readonly node: FieldNode;
  readonly parent: GraphQLCompositeType;
  readonly field: GraphQLField<unknown, unknown>;
  /** Directives of the node and of the fragments around it; those of them that are conditions decide. */
  readonly directives: readonly DirectiveNode[];
}

/** All uses of one response name at one place, and the object types for which one of them applies. */
export interface SelectedField {
  readonly responseName: string;
  readonly uses: FieldUse[];
  readonly typeNames: Set<string>;
}

export interface Selection {
  readonly parent: GraphQLCompositeType;
  readonly selectionSet: SelectionSetNode;
}

export interface SelectionSource {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** Merges selections by response name, as execution will: each field costs once, however often it is written. */
export function selectedFields(source: SelectionSource, selections: readonly Selection[]): SelectedField[] {
  const collector = new Collector(source);
  for (const { parent, selectionSet } of selections) {
    collector.collect(parent, selectionSet, possibleTypeNames(source.schema, parent), []);
  }
  return [...collector.fields.values()];
}

/** The selections below the uses of a field. */
export function selectionsBelow(uses: readonly FieldUse[]): Selection[] {
  return uses.flatMap(({ node, field }) => {
    const type = getNamedType(field.type);
    return node.selectionSet && isCompositeType(type) ? [{ parent: type, selectionSet: node.selectionSet }] : [];
  });
}

export function possibleTypeNames(schema: GraphQLSchema, type: GraphQLCompositeType): ReadonlySet<string> {
  return new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [type.name]);
}

class Collector {
  readonly fields = new Map<string, SelectedField>();
  readonly #source: SelectionSource;

  constructor(source: SelectionSource) {
    this.#source = source;
  }

  collect(
    parent: GraphQLCompositeType,
    selectionSet: SelectionSetNode,
    typeNames: ReadonlySet<string>,
    around: readonly DirectiveNode[],
  ): void {
    for (const selection of selectionSet.selections) {
      const directives = selection.directives?.length ? [...around, ...selection.directives] : around;
      if (selection.kind === Kind.FIELD) {
        this.#add(parent, selection, typeNames, directives);
        continue;
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#source.fragments.get(selection.name.value);
      const condition = fragment?.typeCondition?.name.value;
      const type = condition === undefined ? parent : this.#source.schema.getType(condition);
      if (!fragment || !isCompositeType(type)) continue;
      const possible = possibleTypeNames(this.#source.schema, type);
      const applicable = new Set([...typeNames].filter((name) => possible.has(name)));
      if (applicable.size > 0) this.collect(type, fragment.selectionSet, applicable, directives);
    }
  }

  #add(
    parent: GraphQLCompositeType,
    node: FieldNode,
    typeNames: ReadonlySet<string>,
    directives: readonly DirectiveNode[],
  ): void {
    const field = fieldOf(parent, node.name.value);
    if (!field) return;
    const responseName = node.alias?.value ?? node.name.value;
    let selected = this.fields.get(responseName);
    if (!selected) this.fields.set(responseName, (selected = { responseName, uses: [], typeNames: new Set() }));
    selected.uses.push({ node, parent, field, directives });
    for (const name of typeNames) selected.typeNames.add(name);
  }
}

/** `__typename` is no field here: it costs nothing. */
function fieldOf(parent: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}
