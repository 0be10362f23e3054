import { isAbstractType, parse, type GraphQLCompositeType, type GraphQLSchema } from 'graphql';
import { readCostDirectives, type CostDirectives, type ListSize } from './cost-directives.js';
import { introspectionSizes } from './introspection-sizes.js';

/** The length of a list that nothing is said about. Every list of our own graph says something. */
const LIST_SIZE_DEFAULT = 10;
/** Introspection is answered from memory: a hundred of its objects weigh as much as one of a subgraph. */
const INTROSPECTION_WEIGHT = 0.01;

/** What one field costs beside what is selected below it. */
export interface FieldCost {
  /** Explicit `@cost`; counted once each time the field is resolved. */
  readonly weight: number | undefined;
  readonly listSize: ListSize | undefined;
  /** Explicit `@cost` of its arguments; counted when the argument is given. */
  readonly argumentWeights: ReadonlyMap<string, number>;
}

/** The weights and list sizes of one graph. Fields of abstract types take the dearest of their concrete types. */
export class CostRules {
  readonly schema: GraphQLSchema;
  readonly listSizeDefault = LIST_SIZE_DEFAULT;
  readonly #directives: CostDirectives;
  readonly #introspectionSizes: ReadonlyMap<string, number>;
  readonly #fields = new Map<string, FieldCost>();

  /** @param supergraphSdl where the directives stand; without it every weight and size is the default */
  constructor(schema: GraphQLSchema, supergraphSdl?: string) {
    this.schema = schema;
    this.#directives =
      supergraphSdl === undefined
        ? { weights: new Map(), listSizes: new Map() }
        : readCostDirectives(parse(supergraphSdl, { noLocation: true }));
    this.#introspectionSizes = introspectionSizes(schema);
  }

  /** The weight of one value of a type: 1 for objects, interfaces and unions unless annotated, 0 for leaves. */
  weightOfType(name: string, isComposite: boolean): number {
    if (name.startsWith('__')) return isComposite ? INTROSPECTION_WEIGHT : 0;
    return this.#directives.weights.get(name) ?? (isComposite ? 1 : 0);
  }

  ofField(parent: GraphQLCompositeType, fieldName: string): FieldCost {
    const coordinate = `${parent.name}.${fieldName}`;
    const known = this.#fields.get(coordinate);
    if (known) return known;
    const own = this.#own(coordinate, parent.name, fieldName);
    const possible = isAbstractType(parent) ? this.schema.getPossibleTypes(parent) : [];
    const cost = possible
      .map(({ name }) => this.#own(`${name}.${fieldName}`, name, fieldName))
      .reduce((left, right) => dearest(left, right), own);
    this.#fields.set(coordinate, cost);
    return cost;
  }

  #own(coordinate: string, typeName: string, fieldName: string): FieldCost {
    const { weights, listSizes } = this.#directives;
    const assumedSize = this.#introspectionSizes.get(coordinate);
    const argumentsOfField = this.#argumentsOf(typeName, fieldName);
    return {
      weight: weights.get(coordinate),
      listSize: assumedSize === undefined ? listSizes.get(coordinate) : assumed(assumedSize),
      argumentWeights: new Map(
        argumentsOfField.flatMap((name) => {
          const weight = weights.get(`${coordinate}(${name}:)`);
          return weight === undefined ? [] : [[name, weight]];
        }),
      ),
    };
  }

  #argumentsOf(typeName: string, fieldName: string): string[] {
    const type = this.schema.getType(typeName);
    const fields = type && 'getFields' in type ? type.getFields() : {};
    const field = fields[fieldName];
    return field && 'args' in field ? field.args.map(({ name }) => name) : [];
  }
}

function assumed(assumedSize: number): ListSize {
  return { assumedSize, slicingArguments: [], sizedFields: [], requireOneSlicingArgument: false };
}

function dearest(left: FieldCost, right: FieldCost): FieldCost {
  return {
    weight: left.weight === undefined ? right.weight : Math.max(left.weight, right.weight ?? 0),
    listSize:
      (left.listSize?.assumedSize ?? -1) >= (right.listSize?.assumedSize ?? -1)
        ? (left.listSize ?? right.listSize)
        : right.listSize,
    argumentWeights: left.argumentWeights.size > 0 ? left.argumentWeights : right.argumentWeights,
  };
}
