import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan } from '@apollo/query-planner';
import { parse, type DocumentNode } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { DataNames } from '../plan/data-names.js';
import { requiredArguments, type RequiredArguments } from '../plan/required-arguments.js';
import { resolvableKeysFirst } from '../plan/resolvable-keys-first.js';
import { restoreRequiredArguments } from '../plan/restore-required-arguments.js';
import { nextTurn } from './next-turn.js';

/** How the planner says that an operation is more than it takes on. */
const LIMIT_MESSAGE =
  /^(Exceeded maximum recursive selections|Number of non-local selections exceeds|Too many options)/;

/** The root of a query plan: plain data, so that it may come from another process. Absent where nothing is fetched. */
export type PlanRoot = QueryPlan['node'];

/**
 * Apollo's query planner on one supergraph. It plans on the calling thread, which may take seconds. What the planner
 * gets wrong is mended here: it is given another order of keys, stand-ins for required fields with arguments, and other
 * names where a client's would be taken for those of keys ({@link DataNames}).
 */
export class GraphPlanner {
  readonly supergraph: Supergraph;
  readonly #planned: Supergraph;
  #planner: QueryPlanner | undefined;
  readonly #required: RequiredArguments | undefined;
  readonly #dataNames: DataNames;

  private constructor({ supergraph, planned, required, dataNames }: ReadGraphs) {
    this.supergraph = supergraph;
    this.#planned = planned;
    this.#required = required;
    this.#dataNames = dataNames;
  }

  /** Throws if the text is no valid supergraph. Takes some tenths of a second for a large one, as {@link prepare} does. */
  static build(supergraphSdl: string): GraphPlanner {
    return new GraphPlanner(readSupergraphs(supergraphSdl));
  }

  /** The same for a supergraph that is known to be valid, with a turn of the event loop between the parts of the work. */
  static async buildInTurns(supergraphSdl: string): Promise<GraphPlanner> {
    const graphs = readSupergraphs(supergraphSdl, { isKnownValid: true });
    await nextTurn();
    // Both are remembered by the supergraph, and used by the planner and its constructor.
    graphs.planned.apiSchema();
    await nextTurn();
    graphs.planned.subgraphs();
    await nextTurn();
    const planner = new GraphPlanner(graphs);
    planner.prepare();
    return planner;
  }

  /** Does what the first plan would have to do. */
  prepare(): QueryPlanner {
    return (this.#planner ??= new QueryPlanner(this.#planned, { incrementalDelivery: { enableDefer: true } }));
  }

  /** Plans the one operation of a valid document. Throws `QUERY_TOO_COMPLEX` beyond the planner's own limits. */
  plan(document: DocumentNode): PlanRoot {
    const named = this.#dataNames.rename(document);
    const operation = operationFromDocument(this.#planned.apiSchema(), named, { validate: false });
    try {
      const { node } = this.prepare().buildQueryPlan(operation);
      return node && this.#required ? restoreRequiredArguments(node, this.#required) : node;
    } catch (error) {
      if (!(error instanceof Error) || !LIMIT_MESSAGE.test(error.message)) throw error;
      throw new PlatformError('QUERY_TOO_COMPLEX', 'The operation is too complex to plan.', {}, { cause: error });
    }
  }
}

interface ReadGraphs {
  readonly supergraph: Supergraph;
  /** The one that the planner works on; mostly the same. */
  readonly planned: Supergraph;
  readonly required: RequiredArguments | undefined;
  readonly dataNames: DataNames;
}

function readSupergraphs(supergraphSdl: string, { isKnownValid = false } = {}): ReadGraphs {
  const document = resolvableKeysFirst(parse(supergraphSdl, { noLocation: true }));
  const supergraph = readSupergraph(document, { isKnownValid });
  const required = requiredArguments(document);
  // Externals that only a requirement with arguments used are unused beside stand-ins: valid before, and no harm.
  const planned = required ? readSupergraph(required.supergraph, { isKnownValid: true }) : supergraph;
  return { supergraph, planned, required, dataNames: new DataNames(document) };
}

function readSupergraph(document: DocumentNode, { isKnownValid = false } = {}): Supergraph {
  return Supergraph.build(document, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: !isKnownValid,
  });
}
