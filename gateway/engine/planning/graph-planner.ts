import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan } from '@apollo/query-planner';
import type { DocumentNode } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { nextTurn } from './next-turn.js';

/** How the planner says that an operation is more than it takes on. */
const LIMIT_MESSAGE =
  /^(Exceeded maximum recursive selections|Number of non-local selections exceeds|Too many options)/;

/** The root of a query plan: plain data, so that it may come from another thread. Absent where nothing is fetched. */
export type PlanRoot = QueryPlan['node'];

/** Apollo's query planner on one supergraph. It plans on the calling thread, which may take seconds. */
export class GraphPlanner {
  readonly supergraph: Supergraph;
  readonly #planner: QueryPlanner;

  private constructor(supergraph: Supergraph) {
    this.supergraph = supergraph;
    this.#planner = new QueryPlanner(supergraph, { incrementalDelivery: { enableDefer: true } });
  }

  /** Throws if the text is no valid supergraph. Takes some tenths of a second for a large one. */
  static build(supergraphSdl: string): GraphPlanner {
    return new GraphPlanner(readSupergraph(supergraphSdl));
  }

  /** The same for a supergraph that is known to be valid, with a turn of the event loop between the parts of the work. */
  static async buildInTurns(supergraphSdl: string): Promise<GraphPlanner> {
    const supergraph = readSupergraph(supergraphSdl, { isKnownValid: true });
    await nextTurn();
    // Both are remembered by the supergraph, and used by the planner and its constructor.
    supergraph.apiSchema();
    await nextTurn();
    supergraph.subgraphs();
    await nextTurn();
    return new GraphPlanner(supergraph);
  }

  /** Plans the one operation of a valid document. Throws `QUERY_TOO_COMPLEX` beyond the planner's own limits. */
  plan(document: DocumentNode): PlanRoot {
    const operation = operationFromDocument(this.supergraph.apiSchema(), document, { validate: false });
    try {
      return this.#planner.buildQueryPlan(operation).node;
    } catch (error) {
      if (!(error instanceof Error) || !LIMIT_MESSAGE.test(error.message)) throw error;
      throw new PlatformError('QUERY_TOO_COMPLEX', 'The operation is too complex to plan.', {}, { cause: error });
    }
  }
}

export function readSupergraph(supergraphSdl: string, { isKnownValid = false } = {}): Supergraph {
  return Supergraph.build(supergraphSdl, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: !isKnownValid,
  });
}
