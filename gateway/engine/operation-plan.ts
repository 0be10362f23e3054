import type { PlanNode, SubscriptionNode } from '@apollo/query-planner';
import type { ExecutionResult, FieldNode, GraphQLSchema } from 'graphql';
import type { SubgraphOperation, SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import { IncrementalExecution } from './deferral/incremental-execution.js';
import type { IncrementalOperation } from './deferral/deferred-operation.js';
import { compileStage, isDeferring, wholeStage, type StageChoice } from './deferral/stage.js';
import type { GatewayOperation, IncrementalResult, Variables } from './engine.js';
import type { DataNames } from './plan/data-names.js';
import { compilePlan } from './plan/compile-plan.js';
import { dataLayout } from './plan/data-layout.js';
import type { FetchCompilation } from './plan/fetch-compilation.js';
import { compileFetchPart, wholeAnswer } from './plan/fetch-part.js';
import { variablePicker } from './plan/fetch-step.js';
import type { PlanRun, PlanStep } from './plan/plan-run.js';
import type { PlanRoot } from './planning/graph-planner.js';
import { planSize } from './planning/plan-size.js';
import { Completion } from './response/completion.js';
import { ResponseShapes, type ResponseShape } from './response/response-shapes.js';

export interface PlanCompilation extends Omit<FetchCompilation, 'hiddenTypeNames'> {
  readonly apiSchema: GraphQLSchema;
  readonly dataNames: DataNames;
  readonly errorsMax: number;
}

/** The compiled source of a subscription's events. */
export interface CompiledPrimary {
  readonly transport: SubgraphTransport;
  readonly operation: SubgraphOperation;
  readonly pick: (variables: Variables) => Record<string, unknown>;
  readonly absorb: (run: PlanRun, event: SubgraphResult) => void;
}

/** A planned operation, compiled: run it for any variables and contexts. */
export class OperationPlan {
  /** For a query or mutation, the whole plan; for a subscription, what is left to do for each event. */
  readonly step: PlanStep | undefined;
  readonly primary: CompiledPrimary | undefined;
  /** How much it keeps, in characters. */
  readonly size: number;
  readonly #compilation: PlanCompilation;
  readonly #shapes: ResponseShapes;
  readonly #stage: StageChoice;

  constructor(operation: GatewayOperation, root: PlanRoot, compilation: PlanCompilation) {
    this.size = planSize(root);
    this.#compilation = compilation;
    this.#shapes = new ResponseShapes(operation, compilation, 'labels' in operation);
    const hiddenTypeNames = new Set<FieldNode>();
    const fetches: FetchCompilation = { ...compilation, hiddenTypeNames };
    const isSubscription = root?.kind === 'Subscription';
    this.primary = isSubscription ? compilePrimary(root, fetches) : undefined;
    const rest = isSubscription ? root.rest : root;
    this.step = rest && !isDeferring(rest) ? compilePlan(rest, [], fetches) : undefined;
    this.#stage = isDeferring(rest) ? compileStage(rest, fetches) : wholeStage(this.step);
    if (root && !isSubscription && this.step)
      for (const node of this.#superfluousTypeNames(root, fetches)) hiddenTypeNames.add(node);
  }

  /** The selections of `__typename` without which the data would, in places, be the response. */
  #superfluousTypeNames(root: PlanNode, fetches: FetchCompilation): Iterable<FieldNode> {
    const shape = this.#shapes.unconditional;
    if (!shape) return [];
    const layout = dataLayout(root, fetches);
    return layout.isKnownBelow ? shape.expect(layout) : [];
  }

  /** Shapes the response from what the fetches brought. */
  respond(run: PlanRun): ExecutionResult {
    const shape = this.#shapes.shapeFor(run.coercedVariables);
    const straight = run.isDamaged || run.faults.length > 0 ? undefined : shape.straight(run.data, !run.hasGaps);
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
