import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import type { GraphSchemas } from './graph-schemas.js';

/**
 * A cheap measure of how long an operation takes to plan: its fields with fragments expanded, each counted once for
 * every concrete type that it may be read from and every subgraph that it may be fetched from.
 */
export class PlanWeights {
  readonly #schemas: Pick<GraphSchemas, 'schema' | 'apiSchema'>;
  readonly #ofField = new Map<string, number>();

  constructor(schemas: Pick<GraphSchemas, 'schema' | 'apiSchema'>) {
    this.#schemas = schemas;
  }

  /** Measures the one operation of a valid document. */
  of(document: DocumentNode): number {
    return new DocumentWeight(document, this.#schemas.apiSchema, (type, field) => this.#weigh(type, field)).total();
  }

  #weigh(type: GraphQLCompositeType, field: string): number {
    const coordinate = `${type.name}.${field}`;
    const known = this.#ofField.get(coordinate);
    if (known !== undefined) return known;
    const { apiSchema, schema } = this.#schemas;
    const types = isAbstractType(type) ? apiSchema.getPossibleTypes(type).length : 1;
    const weight = Math.max(1, types) * subgraphsOffering(schema, type.name, field);
    this.#ofField.set(coordinate, weight);
    return weight;
  }
}

/** Counts `@join__field` of the field, or where there is none `@join__type` of its type (https://specs.apollo.dev/join/). */
function subgraphsOffering(schema: GraphQLSchema, typeName: string, fieldName: string): number {
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return 1;
  const field = type.getFields()[fieldName]?.astNode;
  const count = (node: typeof field | typeof type.astNode, directive: string): number =>
    node?.directives?.filter(({ name }) => name.value === directive).length ?? 0;
  return Math.max(1, count(field, 'join__field') || count(type.astNode, 'join__type'));
}

class DocumentWeight {
  readonly #document: DocumentNode;
  readonly #schema: GraphQLSchema;
  readonly #weigh: (type: GraphQLCompositeType, field: string) => number;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #ofFragment = new Map<string, number>();

  constructor(
    document: DocumentNode,
    schema: GraphQLSchema,
    weigh: (type: GraphQLCompositeType, field: string) => number,
  ) {
    this.#document = document;
    this.#schema = schema;
    this.#weigh = weigh;
    this.#fragments = fragmentsOf(document);
  }

  total(): number {
    let total = 0;
    for (const definition of this.#document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      const root = this.#schema.getRootType(definition.operation);
      if (root) total += this.#below(definition.selectionSet, root);
    }
    return total;
  }

  #below({ selections }: SelectionSetNode, type: GraphQLCompositeType): number {
    return selections.reduce((total, selection) => total + this.#of(selection, type), 0);
  }

  #of(selection: SelectionNode, type: GraphQLCompositeType): number {
    switch (selection.kind) {
      case Kind.FRAGMENT_SPREAD:
        return this.#spread(selection.name.value);
      case Kind.INLINE_FRAGMENT:
        return this.#below(selection.selectionSet, this.#narrow(selection.typeCondition?.name.value) ?? type);
      case Kind.FIELD: {
        const weight = this.#weigh(type, selection.name.value);
        if (!selection.selectionSet || !('getFields' in type)) return weight;
        const field = type.getFields()[selection.name.value];
        const answered = field && getNamedType(field.type);
        return isCompositeType(answered) ? weight + this.#below(selection.selectionSet, answered) : weight;
      }
    }
  }

  #spread(name: string): number {
    const known = this.#ofFragment.get(name);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name);
    const type = this.#narrow(fragment?.typeCondition.name.value);
    const weight = fragment && type ? this.#below(fragment.selectionSet, type) : 0;
    this.#ofFragment.set(name, weight);
    return weight;
  }

  #narrow(typeName: string | undefined): GraphQLCompositeType | undefined {
    const type = typeName === undefined ? undefined : this.#schema.getType(typeName);
    return isCompositeType(type) ? type : undefined;
  }
}
