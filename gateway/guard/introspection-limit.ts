import { getIntrospectionQuery, Kind, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import { CostRules } from './cost/cost-rules.js';
import { OperationCost } from './cost/operation-cost.js';
import { tooComplex } from './document-limits.js';

/** An operation may ask for so many times what clients and code generators ask for to know the whole graph. */
const WHOLE_GRAPHS_MAX = 1.5;
/** A small graph may be asked for more often: in hundreds of objects, as introspection costs. */
const COST_MIN = 50;
const INTROSPECTION = /\b__(?:schema|type)\b/;

/**
 * Bounds introspection: it is answered from memory in one go, so that an operation that asks for the graph many times
 * over would hold up all others.
 */
export class IntrospectionLimit {
  readonly #rules: CostRules;
  #costMax: number | undefined;

  constructor(schema: GraphQLSchema) {
    this.#rules = new CostRules(schema);
  }

  /** Throws `QUERY_TOO_COMPLEX`. The document must be valid. */
  check(text: string, document: DocumentNode): void {
    if (!INTROSPECTION.test(text)) return;
    this.#costMax ??= Math.max(COST_MIN, Math.ceil(this.#costOf(parse(getIntrospectionQuery())) * WHOLE_GRAPHS_MAX));
    const cost = this.#costOf(document);
    if (cost > this.#costMax) throw tooComplex('introspection', this.#costMax, `has ${Math.ceil(cost)}`);
  }

  /** Of all operations together: documents are checked once, and any of them may be asked for. */
  #costOf(document: DocumentNode): number {
    let total = 0;
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      total += new OperationCost(this.#rules, document, definition).introspection;
    }
    return total;
  }
}
