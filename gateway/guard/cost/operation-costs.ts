import type { OperationDefinitionNode } from 'graphql';
import type { GatewayOperation } from '../../engine/engine.js';
import type { CostRules } from './cost-rules.js';
import { OperationCost } from './operation-cost.js';

/** The compiled costs of the operations of one supergraph; each lives as long as its operation. */
export class OperationCosts {
  readonly #rules: CostRules;
  readonly #known = new WeakMap<OperationDefinitionNode, OperationCost>();

  constructor(rules: CostRules) {
    this.#rules = rules;
  }

  /** What is fetched for the caller is what costs, and introspection: fields that are denied cost nothing. */
  of(operation: GatewayOperation): OperationCost {
    const { document, definition } = operation.fetched;
    const known = this.#known.get(definition);
    if (known) return known;
    const introspection =
      definition === operation.definition
        ? 0
        : new OperationCost(this.#rules, operation.document, operation.definition).introspection;
    const cost = new OperationCost(this.#rules, document, definition, introspection);
    this.#known.set(definition, cost);
    return cost;
  }
}
