import { Kind, print, type DocumentNode } from 'graphql';
import { fragmentsIn } from '../../document-fragments.js';
import { nextTurn } from './next-turn.js';
import type { GatewayOperation } from '../engine.js';
import type { GraphPlanner, PlanRoot } from './graph-planner.js';
import type { GraphSchemas } from './graph-schemas.js';
import { PlanWeights } from './plan-weight.js';
import { PlanningPace } from './planning-pace.js';
import type { PlanningProcess } from './planning-process.js';

export interface OperationPlannerOptions {
  readonly supergraphSdl: string;
  readonly schemas: Pick<GraphSchemas, 'schema' | 'apiSchema'>;
  /** Plans what is expected to take long. */
  readonly planning: PlanningProcess;
  /** The number that the planning process knows the graph by. */
  readonly graphNumber: number;
  /** Plans small operations at once; without it the planning process plans them too. */
  readonly inline?: GraphPlanner;
  /** How long planning may hold up the event loop, by estimate. */
  readonly inlineMillisecondsMax?: number;
}

const INLINE_MILLISECONDS_MAX = 10;

let graphsCounted = 0;

/** A number that no other graph of this process has. */
export function nextGraphNumber(): number {
  graphsCounted += 1;
  return graphsCounted;
}

/** Plans operations of one graph: small ones at once, large ones in a process of its own, told apart by an estimate that learns. */
export class OperationPlanner {
  readonly #options: OperationPlannerOptions;
  readonly #weights: PlanWeights;
  readonly #pace = new PlanningPace();
  #inline: GraphPlanner | undefined;

  constructor(options: OperationPlannerOptions) {
    this.#options = options;
    this.#weights = new PlanWeights(options.schemas);
    this.#inline = options.inline;
  }

  /** From now on small operations are planned at once. */
  planInline(planner: GraphPlanner): void {
    this.#inline = planner;
  }

  /** Throws, or rejects, as {@link GraphPlanner.plan} and {@link PlanningProcess.plan} do. */
  plan(operation: GatewayOperation): PlanRoot | Promise<PlanRoot> {
    const document = onlyOperation(operation.fetched);
    const weight = this.#weights.of(document);
    const limit = this.#options.inlineMillisecondsMax ?? INLINE_MILLISECONDS_MAX;
    if (!this.#inline || this.#pace.estimate(weight) > limit) return this.#planInProcess(document, weight);
    this.#inline.prepare();
    const startedAt = performance.now();
    try {
      return this.#inline.plan(document);
    } finally {
      this.#pace.learn(weight, performance.now() - startedAt);
    }
  }

  /** Plans without holding up the event loop, whatever the size. */
  async planAside(operation: GatewayOperation): Promise<PlanRoot> {
    const document = onlyOperation(operation.fetched);
    return this.#planInProcess(document, this.#weights.of(document));
  }

  async #planInProcess(document: DocumentNode, weight: number): Promise<PlanRoot> {
    const { graphNumber, supergraphSdl, planning } = this.#options;
    // Whoever asks has read a large document in this turn, or weighed it.
    await nextTurn();
    const { root, milliseconds } = await planning.plan({ number: graphNumber, supergraphSdl }, print(document), weight);
    this.#pace.learn(weight, milliseconds);
    return root;
  }
}

function onlyOperation({ definition, document }: GatewayOperation['fetched']): DocumentNode {
  return { kind: Kind.DOCUMENT, definitions: [definition, ...fragmentsIn(document)] };
}
