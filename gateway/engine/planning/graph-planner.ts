import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan, type QueryPlannerConfig } from '@apollo/query-planner';
import { parse, type DocumentNode } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { DataNames } from '../plan/data-names.js';
import { ExecutableDirectives } from '../plan/executable-directives.js';
import { PartialMembers } from '../plan/partial-members.js';
import { requiredFields, type RequiredFields } from '../plan/required-fields.js';
import { resolvableKeysFirst } from '../plan/resolvable-keys-first.js';
import { restoreRequiredFields } from '../plan/restore-required-fields.js';
import { hasDivergentBranches } from './divergent-branches.js';
import { fetchesAnything } from './fetches-anything.js';
import { nextTurn } from './next-turn.js';

/** How the planner says that an operation is more than it takes on. */
const LIMIT_MESSAGE =
  /^(Exceeded maximum recursive selections|Number of non-local selections exceeds|Too many options)/;

/** How it says that it found no way to a field: composition lets that happen where a subgraph has no type that could be meant. */
const UNANSWERABLE_MESSAGE = /^Was not able to (find any options|plan) .*This shouldn't have happened\.$/s;

const PLANNER_OPTIONS: QueryPlannerConfig = { incrementalDelivery: { enableDefer: true } };

/** The root of a query plan: plain data, so that it may come from another process. Absent where nothing is fetched. */
export type PlanRoot = QueryPlan['node'];

/**
 * Apollo's query planner on one supergraph. It plans on the calling thread, which may take seconds. What the planner
 * gets wrong is mended here: it is given another order of keys, stand-ins for fields that others require
 * ({@link RequiredFields}), all members of what several subgraphs answer ({@link PartialMembers}), other names where a
 * client's would be taken for others ({@link DataNames}), directives that it does not know ({@link ExecutableDirectives}),
 * and plans with type conditions where branches differ. `test/conformance/README.md` tells what for.
 */
export class GraphPlanner {
  readonly supergraph: Supergraph;
  readonly #planned: Supergraph;
  #planner: QueryPlanner | undefined;
  /** Its plans tell objects of different types at one place apart. That takes more fetches: where it is needed. */
  #branchingPlanner: QueryPlanner | undefined;
  readonly #required: RequiredFields | undefined;
  readonly #dataNames: DataNames;
  readonly #directives: ExecutableDirectives;
  readonly #members: PartialMembers;

  private constructor({ supergraph, planned, required, dataNames, directives, members }: ReadGraphs) {
    this.supergraph = supergraph;
    this.#planned = planned;
    this.#required = required;
    this.#dataNames = dataNames;
    this.#directives = directives;
    this.#members = members;
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
    return (this.#planner ??= new QueryPlanner(this.#planned, PLANNER_OPTIONS));
  }

  #prepareBranching(): QueryPlanner {
    return (this.#branchingPlanner ??= new QueryPlanner(this.#planned, {
      ...PLANNER_OPTIONS,
      typeConditionedFetching: true,
    }));
  }

  /** Plans the one operation of a valid document. Throws `QUERY_TOO_COMPLEX` beyond the planner's own limits. */
  plan(document: DocumentNode): PlanRoot {
    const named = this.#directives.withDefaults(this.#dataNames.rename(document));
    const operation = operationFromDocument(this.#planned.apiSchema(), named, { validate: false });
    try {
      const planner = hasDivergentBranches(operation) ? this.#prepareBranching() : this.prepare();
      const { node } = planner.buildQueryPlan(operation);
      if (!node && fetchesAnything(named)) throw unanswerable();
      const restored = node && this.#required ? restoreRequiredFields(node, this.#required) : node;
      return restored && this.#members.restore(restored);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (LIMIT_MESSAGE.test(error.message))
        throw new PlatformError('QUERY_TOO_COMPLEX', 'The operation is too complex to plan.', {}, { cause: error });
      throw UNANSWERABLE_MESSAGE.test(error.message) ? unanswerable(error) : error;
    }
  }
}

function unanswerable(cause?: Error): PlatformError {
  const message =
    'No subgraph can answer the operation: where it asks for fields, none has a type that could hold them.';
  return new PlatformError('INTERNAL', message, {}, { cause });
}

interface ReadGraphs {
  readonly supergraph: Supergraph;
  /** The one that the planner works on; mostly the same. */
  readonly planned: Supergraph;
  readonly required: RequiredFields | undefined;
  readonly dataNames: DataNames;
  readonly directives: ExecutableDirectives;
  readonly members: PartialMembers;
}

function readSupergraphs(supergraphSdl: string, { isKnownValid = false } = {}): ReadGraphs {
  const directives = new ExecutableDirectives(parse(supergraphSdl, { noLocation: true }));
  const document = resolvableKeysFirst(directives.supergraph);
  const supergraph = readSupergraph(document, { isKnownValid });
  const members = new PartialMembers(document);
  const required = requiredFields(members.supergraph);
  const forPlanner = required?.supergraph ?? members.supergraph;
  // Externals that only a stood-in requirement used are unused beside stand-ins: valid before, and no harm.
  const planned = forPlanner === document ? supergraph : readSupergraph(forPlanner, { isKnownValid: true });
  return { supergraph, planned, required, dataNames: new DataNames(document), directives, members };
}

function readSupergraph(document: DocumentNode, { isKnownValid = false } = {}): Supergraph {
  return Supergraph.build(document, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: !isKnownValid,
  });
}
