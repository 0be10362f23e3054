import {
  getVariableValues,
  isObjectType,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { isPlatformError, PlatformError } from '../../kernel/errors/platform-error.js';
import { compileVariables, type VariablesOf } from '../transports/execution/compile-variables.js';
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
import { deferralOf, type IncrementalOperation } from './deferral/deferred-operation.js';
import { OperationPlan, type PlanCompilation } from './operation-plan.js';
import { failedAnswer } from './plan/fetch-step.js';
import type { PlanRun } from './plan/plan-run.js';
import { ConditionalRequirements } from './planning/conditional-requirements.js';
import type { PlanRoot } from './planning/graph-planner.js';
import { nextTurn } from './planning/next-turn.js';
import { PlanCache, withinSignal, type PlanCacheOptions } from './planning/plan-cache.js';
import { planGraph, type PlannedGraph } from './planning/planned-graph.js';
import { PlanningProcess } from './planning/planning-process.js';

export interface FederatedEngineOptions {
  readonly supergraphSdl: string;
  /** The supergraph, if it was read before; the engine does not close its process. */
  readonly graph?: PlannedGraph;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly plans?: PlanCacheOptions;
  /** Errors reported in one response. */
  readonly errorsMax?: number;
}

const ERRORS_MAX = 500;
const NO_VARIABLES = { variables: {} };

/**
 * Plans operations with Apollo's query planner and executes the plans with functions compiled from them.
 * Throws if the supergraph is no valid one, uses `@fromContext`, or names a subgraph that there is no transport to.
 */
export class FederatedEngine implements Engine {
  readonly apiSchema: GraphQLSchema;
  readonly #compilation: PlanCompilation;
  readonly #graph: PlannedGraph;
  readonly #ownPlanning = new PlanningProcess();
  readonly #plans: PlanCache<OperationPlan>;
  /** The operation that a planned form was made of. */
  readonly #askedAs = new WeakMap<GatewayOperation, GatewayOperation>();
  readonly #requirements: ConditionalRequirements;
  readonly #variablesOf = new WeakMap<OperationDefinitionNode, VariablesOf>();

  constructor(options: FederatedEngineOptions) {
    const graph = options.graph ?? planGraph(options.supergraphSdl, this.#ownPlanning);
    refuseContexts(graph);
    const services = transportsByService(graph, options.transports);
    this.#graph = graph;
    this.apiSchema = graph.apiSchema;
    this.#requirements = new ConditionalRequirements(graph.schema);
    this.#compilation = {
      schema: graph.schema,
      apiSchema: graph.apiSchema,
      dataNames: graph.dataNames,
      errorsMax: options.errorsMax ?? ERRORS_MAX,
      isObjectTypeName: (name) => typeof name === 'string' && isObjectType(graph.schema.getType(name)),
      transportOf: (service) => {
        const transport = services.get(service);
        if (!transport) throw new Error(`the plan names the unknown subgraph "${service}"`);
        return transport;
      },
    };
    this.#plans = new PlanCache((plan) => plan.size, options.plans);
  }

  execute(request: ExecutionRequest): ExecutionResult | Promise<ExecutionResult> {
    const coerced = this.#coerceVariables(request);
    if ('errors' in coerced) return coerced;
    const plan = this.#plan(request, deferralOf(request.operation).plain, coerced.variables);
    if (plan instanceof Promise) return plan.then(async (made) => runPlan(made, request, coerced.variables));
    return runPlan(plan, request, coerced.variables);
  }

  async executeIncrementally(request: ExecutionRequest): Promise<ExecutionResult | IncrementalResult> {
    const { incremental } = deferralOf(request.operation);
    if (!incremental) return this.execute(request);
    const coerced = this.#coerceVariables(request);
    if ('errors' in coerced) return coerced;
    const plan = await this.#planInParts(request, incremental, coerced.variables);
    if (!plan) return this.execute(request);
    return plan.respondIncrementally(newRun(request, coerced.variables, request.context), incremental);
  }

  /**
   * Undefined where the planner breaks down (2.14 does at some fields with `@requires` below a deferred entity: "cannot
   * have a top-level deferRef"). To defer is the server's choice: such an operation is answered at once.
   */
  async #planInParts(
    request: ExecutionRequest,
    form: IncrementalOperation,
    variables: Variables,
  ): Promise<OperationPlan | undefined> {
    try {
      return await this.#plan(request, form, variables);
    } catch (error) {
      // Plans in parts may be too much where the plan of the whole is not.
      if (isPlatformError(error) && error.code !== 'QUERY_TOO_COMPLEX') throw error;
      return undefined;
    }
  }

  async subscribe(
    request: SubscriptionRequest,
  ): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
    const coerced = this.#coerceVariables(request);
    if ('errors' in coerced) return coerced;
    const plan = await this.#plan(request, deferralOf(request.operation).plain, coerced.variables);
    const { primary } = plan;
    if (!primary) throw new PlatformError('BAD_REQUEST', 'The operation is not a subscription.');
    const { context, contextPerEvent, signal, variables } = request;
    let current = context;
    const subscribing = primary.transport.subscribe({
      operation: primary.operation,
      variables: primary.pick(variables),
      context,
      signal,
      eventContext: () => (current = contextPerEvent ? contextPerEvent(context) : context),
    });
    const source = await subscribing.catch(failedAnswer);
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

  async prepare(operation: GatewayOperation): Promise<void> {
    const { plain, incremental } = deferralOf(operation);
    await this.#prepareForm(operation, plain);
    // What cannot be planned in parts is answered at once.
    if (incremental) await this.#prepareForm(operation, incremental).catch(() => undefined);
  }

  async #prepareForm(operation: GatewayOperation, form: GatewayOperation): Promise<void> {
    for (const planned of this.#requirements.foreseenForms(form)) {
      await this.#plans.prepare(planned, async () =>
        this.#compile(planned, await this.#graph.planner.planAside(planned)),
      );
      this.#askedAs.set(planned, operation);
    }
  }

  mostUsed(count: number): readonly GatewayOperation[] {
    const forms = this.#plans.mostUsed(count);
    return [...new Set(forms.map((form) => this.#askedAs.get(form) ?? form))];
  }

  async close(): Promise<void> {
    await this.#ownPlanning.close();
  }

  /** Plans the form that the operation takes when it is answered at once, or in parts, with these variables. */
  #plan(
    { operation, signal }: ExecutionRequest,
    form: GatewayOperation,
    variables: Variables,
  ): OperationPlan | Promise<OperationPlan> {
    const planned = this.#requirements.formOf(form, variables);
    if (planned !== operation) this.#askedAs.set(planned, operation);
    const plan = this.#plans.get(planned, () => this.#make(planned));
    return plan instanceof Promise ? withinSignal(plan, signal) : plan;
  }

  #make(operation: GatewayOperation): OperationPlan | Promise<OperationPlan> {
    refuseReservedVariable(operation);
    const root = this.#graph.planner.plan(operation);
    if (!(root instanceof Promise)) return this.#compile(operation, root);
    return this.#compileInTurns(operation, root);
  }

  /** What takes long to plan takes long to compile: other requests have their turn before and after. */
  async #compileInTurns(operation: GatewayOperation, root: Promise<PlanRoot>): Promise<OperationPlan> {
    const planned = await root;
    await nextTurn();
    const plan = this.#compile(operation, planned);
    await nextTurn();
    return plan;
  }

  #compile(operation: GatewayOperation, root: PlanRoot): OperationPlan {
    return new OperationPlan(operation, root, this.#compilation);
  }

  #coerceVariables(
    request: ExecutionRequest,
  ): { variables: Variables } | (ExecutionResult & { errors: readonly PlatformError[] }) {
    const { variableDefinitions } = request.operation.definition;
    if (!variableDefinitions?.length) return NO_VARIABLES;
    const { definition } = request.operation;
    let variablesOf = this.#variablesOf.get(definition);
    if (!variablesOf)
      this.#variablesOf.set(definition, (variablesOf = compileVariables(this.apiSchema, variableDefinitions)));
    const variables = variablesOf(request.variables);
    if (variables) return { variables };
    const { coerced, errors } = getVariableValues(this.apiSchema, variableDefinitions, request.variables);
    if (!errors) return { variables: coerced };
    return { errors: errors.map((error) => new PlatformError('BAD_USER_INPUT', error.message)) };
  }
}

function runPlan(
  plan: OperationPlan,
  request: ExecutionRequest,
  variables: Variables,
): ExecutionResult | Promise<ExecutionResult> {
  const run = newRun(request, variables, request.context);
  const respond = (): ExecutionResult => {
    request.signal?.throwIfAborted();
    return plan.respond(run);
  };
  const waiting = plan.step?.(run);
  return waiting ? waiting.then(respond) : respond();
}

function newRun(request: ExecutionRequest, coercedVariables: Variables, context: unknown): PlanRun {
  return {
    data: {},
    faults: [],
    isDamaged: false,
    hasGaps: false,
    variables: request.variables,
    coercedVariables,
    context,
    signal: request.signal,
  };
}

function isStream(source: AsyncIterable<SubgraphResult> | SubgraphResult): source is AsyncIterable<SubgraphResult> {
  return Symbol.asyncIterator in source;
}

/** A subscription that a subgraph refuses is a request error: it has errors, and no data. */
function refused({ errors }: ExecutionResult): ExecutionResult {
  return { errors: errors ?? [] };
}

function transportsByService(
  { subgraphs }: PlannedGraph,
  transports: ReadonlyMap<string, SubgraphTransport>,
): Map<string, SubgraphTransport> {
  const byService = new Map<string, SubgraphTransport>();
  for (const name of subgraphs.keys()) {
    const transport = transports.get(name);
    if (!transport) throw new Error(`the supergraph names the subgraph "${name}", and there is no transport to it`);
    byService.set(name, transport);
  }
  return byService;
}

/** Arguments that `@fromContext` sets would stay empty: such a graph is refused when it is loaded. */
function refuseContexts({ schema }: PlannedGraph): void {
  if (schema.getDirective('context__fromContext'))
    throw new Error('the supergraph uses @context and @fromContext, which this gateway does not support');
}

/** The planner adds a variable of this name to fetches of entities. */
function refuseReservedVariable({ definition }: GatewayOperation): void {
  if (definition.variableDefinitions?.some(({ variable }) => variable.name.value === 'representations')) {
    throw new PlatformError('BAD_REQUEST', 'The variable name "representations" is reserved: rename the variable.');
  }
}
