import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import {
  getVariableValues,
  isObjectType,
  parse,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import type {
  Engine,
  ExecutionRequest,
  GatewayOperation,
  IncrementalResult,
  SubscriptionRequest,
  Variables,
} from './engine.js';
import { MappedStream } from '../streams/mapped-stream.js';
import { OperationPlan, type PlanCompilation } from './operation-plan.js';
import { answerOf } from './plan/compile-fetch.js';
import type { PlanRun } from './plan/plan-run.js';
import { requiredArguments } from './plan/required-arguments.js';
import { resolvableKeysFirst } from './plan/resolvable-keys-first.js';

export interface FederatedEngineOptions {
  readonly supergraphSdl: string;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  /** Compiled plans kept; the least recently used goes first. */
  readonly plansMax?: number;
  /** Errors reported in one response. */
  readonly errorsMax?: number;
}

const PLANS_MAX = 2_000;
const ERRORS_MAX = 500;

/**
 * Plans operations with Apollo's query planner and executes the plans with functions compiled from them.
 * Throws if the supergraph is no valid one, or names a subgraph that there is no transport to.
 */
export class FederatedEngine implements Engine {
  readonly apiSchema: GraphQLSchema;
  readonly #compilation: PlanCompilation;
  readonly #plans: LRUCache<GatewayOperation, OperationPlan>;

  constructor(options: FederatedEngineOptions) {
    const document = resolvableKeysFirst(parse(options.supergraphSdl, { noLocation: true }));
    const supergraph = buildSupergraph(document);
    const required = requiredArguments(document);
    const planned = required ? buildSupergraph(required.supergraph, { isValid: true }) : supergraph;
    const schema = supergraph.schema.toGraphQLJSSchema();
    this.apiSchema = supergraph.apiSchema().toGraphQLJSSchema();
    const services = transportsByService(supergraph, options.transports);
    this.#compilation = {
      schema,
      plannerSchema: planned.apiSchema(),
      apiSchema: this.apiSchema,
      planner: new QueryPlanner(planned),
      required,
      errorsMax: options.errorsMax ?? ERRORS_MAX,
      isObjectTypeName: (name) => typeof name === 'string' && isObjectType(schema.getType(name)),
      transportOf: (service) => {
        const transport = services.get(service);
        if (!transport) throw new Error(`the plan names the unknown subgraph "${service}"`);
        return transport;
      },
    };
    this.#plans = new LRUCache({ max: options.plansMax ?? PLANS_MAX });
  }

  async execute(request: ExecutionRequest): Promise<ExecutionResult> {
    const coerced = this.#coerceVariables(request);
    if ('errors' in coerced) return coerced;
    const plan = this.#plan(request.operation);
    const run = newRun(request, coerced.variables, request.context);
    await plan.step?.(run);
    return plan.respond(run);
  }

  async executeIncrementally(request: ExecutionRequest): Promise<ExecutionResult | IncrementalResult> {
    return this.execute(request);
  }

  async subscribe(
    request: SubscriptionRequest,
  ): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
    const coerced = this.#coerceVariables(request);
    if ('errors' in coerced) return coerced;
    const plan = this.#plan(request.operation);
    const { primary } = plan;
    if (!primary) throw new PlatformError('BAD_REQUEST', 'The operation is not a subscription.');
    const { context, contextPerEvent, signal, variables } = request;
    let current = context;
    const source = await answerOf(() =>
      primary.transport.subscribe({
        operation: primary.operation,
        variables: primary.pick(variables),
        context,
        signal,
        eventContext: () => (current = contextPerEvent ? contextPerEvent(context) : context),
      }),
    );
    if (!isStream(source)) {
      const run = newRun(request, coerced.variables, context);
      primary.absorb(run, source);
      return refused(plan.respond(run));
    }
    return new MappedStream(source, async (event) => {
      const eventContext = current === context && contextPerEvent ? contextPerEvent(context) : current;
      current = context;
      const run = newRun(request, coerced.variables, eventContext);
      primary.absorb(run, event);
      await plan.step?.(run);
      return plan.respond(run);
    });
  }

  #plan(operation: GatewayOperation): OperationPlan {
    const known = this.#plans.get(operation);
    if (known) return known;
    const plan = new OperationPlan(operation, this.#compilation);
    this.#plans.set(operation, plan);
    return plan;
  }

  #coerceVariables(
    request: ExecutionRequest,
  ): { variables: Variables } | (ExecutionResult & { errors: readonly PlatformError[] }) {
    const { variableDefinitions } = request.operation.definition;
    const { coerced, errors } = getVariableValues(this.apiSchema, variableDefinitions ?? [], { ...request.variables });
    if (!errors) return { variables: coerced };
    return { errors: errors.map((error) => new PlatformError('BAD_USER_INPUT', error.message)) };
  }
}

function buildSupergraph(document: DocumentNode, { isValid = false } = {}): Supergraph {
  return Supergraph.build(document, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: !isValid,
  });
}

function newRun(request: ExecutionRequest, coercedVariables: Variables, context: unknown): PlanRun {
  return { data: {}, faults: [], variables: request.variables, coercedVariables, context, signal: request.signal };
}

function isStream(source: AsyncIterable<SubgraphResult> | SubgraphResult): source is AsyncIterable<SubgraphResult> {
  return Symbol.asyncIterator in source;
}

/** A subscription that a subgraph refuses is a request error: it has errors, and no data. */
function refused({ errors }: ExecutionResult): ExecutionResult {
  return { errors: errors ?? [] };
}

function transportsByService(
  supergraph: Supergraph,
  transports: ReadonlyMap<string, SubgraphTransport>,
): Map<string, SubgraphTransport> {
  const byService = new Map<string, SubgraphTransport>();
  for (const { name } of supergraph.subgraphsMetadata()) {
    const transport = transports.get(name);
    if (!transport) throw new Error(`the supergraph names the subgraph "${name}", and there is no transport to it`);
    byService.set(name, transport);
  }
  return byService;
}
