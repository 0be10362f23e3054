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

  /** What is fetched for the caller is what costs: fields that are denied to it do not. */
  of({ fetched: { document, definition } }: GatewayOperation): OperationCost {
    const known = this.#known.get(definition);
    if (known) return known;
    const cost = new OperationCost(this.#rules, document, definition);
    this.#known.set(definition, cost);
    return cost;
  }
}
