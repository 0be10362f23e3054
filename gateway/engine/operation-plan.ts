import { operationFromDocument, type Schema } from '@apollo/federation-internals';
import type { QueryPlanner, SubscriptionNode } from '@apollo/query-planner';
import { Kind, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { SubgraphOperation, SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import { IncrementalExecution } from './deferral/incremental-execution.js';
import type { IncrementalOperation } from './deferral/deferred-operation.js';
import { compileStage, isDeferring, wholeStage, type StageChoice } from './deferral/stage.js';
import type { GatewayOperation, IncrementalResult, Variables } from './engine.js';
import { compilePlan } from './plan/compile-plan.js';
import type { FetchCompilation } from './plan/fetch-compilation.js';
import { compileFetchPart, wholeAnswer } from './plan/fetch-part.js';
import { variablePicker } from './plan/fetch-step.js';
import type { PlanRun, PlanStep } from './plan/plan-run.js';
import { Completion } from './response/completion.js';
import { ResponseShapes, type ResponseShape } from './response/response-shapes.js';

export interface PlanCompilation extends FetchCompilation {
  readonly planner: QueryPlanner;
  /** The API schema in the planner's representation, and in graphql-js's. */
  readonly plannerSchema: Schema;
  readonly apiSchema: GraphQLSchema;
  readonly errorsMax: number;
}

/** The compiled source of a subscription's events. */
export interface CompiledPrimary {
  readonly transport: SubgraphTransport;
  readonly operation: SubgraphOperation;
  readonly pick: (variables: Variables) => Record<string, unknown>;
  readonly absorb: (run: PlanRun, event: SubgraphResult) => void;
}

/** An operation that is planned and compiled: run it for any variables and contexts. */
export class OperationPlan {
  /** For a query or mutation, the whole plan; for a subscription, what is left to do for each event. */
  readonly step: PlanStep | undefined;
  readonly primary: CompiledPrimary | undefined;
  readonly #compilation: PlanCompilation;
  readonly #shapes: ResponseShapes;
  readonly #stage: StageChoice;

  constructor(operation: GatewayOperation, compilation: PlanCompilation) {
    refuseReservedVariable(operation);
    this.#compilation = compilation;
    this.#shapes = new ResponseShapes(operation, compilation.apiSchema, 'labels' in operation);
    const node = planOf(operation, compilation);
    const isSubscription = node?.kind === 'Subscription';
    this.primary = isSubscription ? compilePrimary(node, compilation) : undefined;
    const rest = isSubscription ? node.rest : node;
    this.step = rest && !isDeferring(rest) ? compilePlan(rest, [], compilation) : undefined;
    this.#stage = isDeferring(rest) ? compileStage(rest, compilation) : wholeStage(this.step);
  }

  /** Shapes the response from what the fetches brought. */
  respond(run: PlanRun): ExecutionResult {
    const shape = this.#shapes.shapeFor(run.coercedVariables);
    const straight = run.isDamaged || run.faults.length > 0 ? undefined : shape.straight(run.data);
    return straight ? { data: straight } : this.#respondExactly(run, shape);
  }

  #respondExactly(run: PlanRun, shape: ResponseShape): ExecutionResult {
    const completion = new Completion(run.variables, run.faults, this.#compilation.errorsMax);
    const data = completion.settle(shape.exact(run.data, completion));
    return completion.errors.length === 0 ? { data } : { errors: completion.errors, data };
  }

  /** Answers what is not deferred, and then the rest in parts; for an operation that was labelled for that. */
  async respondIncrementally(
    run: PlanRun,
    { labels }: IncrementalOperation,
  ): Promise<ExecutionResult | IncrementalResult> {
    const { errorsMax } = this.#compilation;
    const shape = this.#shapes.shapeFor(run.coercedVariables).exact;
    return new IncrementalExecution({ run, shape, labels, errorsMax, stage: this.#stage }).start();
  }
}

function planOf(
  operation: GatewayOperation,
  compilation: PlanCompilation,
): ReturnType<QueryPlanner['buildQueryPlan']>['node'] {
  const { document, definition } = operation.fetched;
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const planned = operationFromDocument(
    compilation.plannerSchema,
    { kind: Kind.DOCUMENT, definitions: [definition, ...fragments] },
    { validate: false },
  );
  const { node } = compilation.planner.buildQueryPlan(planned);
  return node;
}

function compilePrimary({ primary }: SubscriptionNode, compilation: FetchCompilation): CompiledPrimary {
  const part = compileFetchPart(primary, [], compilation);
  return {
    operation: part.operation,
    transport: compilation.transportOf(primary.serviceName),
    pick: variablePicker(part.variableUsages),
    absorb(run, event) {
      const batch = part.select(run);
      if (batch) part.absorb(run, batch, wholeAnswer(part, event));
    },
  };
}

/** The planner adds a variable of this name to fetches of entities. */
function refuseReservedVariable({ definition }: GatewayOperation): void {
  if (definition.variableDefinitions?.some(({ variable }) => variable.name.value === 'representations')) {
    throw new PlatformError('BAD_REQUEST', 'The variable name "representations" is reserved: rename the variable.');
  }
}
