import { operationFromDocument, type Schema } from '@apollo/federation-internals';
import type { QueryPlanner, SubscriptionNode } from '@apollo/query-planner';
import { Kind, visit, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { SubgraphOperation, SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import type { GatewayOperation, Variables } from './engine.js';
import { introspect } from './introspection.js';
import { compileRootAnswer, subgraphOperation, variablePicker, type FetchCompilation } from './plan/compile-fetch.js';
import { compilePlan } from './plan/compile-plan.js';
import type { RequiredArguments } from './plan/required-arguments.js';
import { restoreRequiredArguments } from './plan/restore-required-arguments.js';
import type { PlanRun, PlanStep } from './plan/plan-run.js';
import { BUBBLE, Completion, EXPLAINED_NULL, type Completer } from './response/completion.js';
import { shapeObject } from './response/response-shape.js';

/** How many sets of values of its `@skip` and `@include` variables an operation keeps compiled shapes for. */
const SHAPES_MAX = 16;

export interface PlanCompilation extends FetchCompilation {
  readonly planner: QueryPlanner;
  /** The API schema in the planner's representation, and in graphql-js's. */
  readonly plannerSchema: Schema;
  readonly apiSchema: GraphQLSchema;
  /** How the planner's supergraph differs, if it does. */
  readonly required: RequiredArguments | undefined;
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
  readonly #operation: GatewayOperation;
  readonly #compilation: PlanCompilation;
  readonly #conditionVariables: readonly string[];
  readonly #shapes = new LRUCache<string, Completer>({ max: SHAPES_MAX });

  constructor(operation: GatewayOperation, compilation: PlanCompilation) {
    refuseReservedVariable(operation);
    this.#operation = operation;
    this.#compilation = compilation;
    this.#conditionVariables = conditionVariables(operation);
    const node = planOf(operation, compilation);
    if (node?.kind === 'Subscription') {
      this.primary = compilePrimary(node, compilation);
      this.step = node.rest && compilePlan(node.rest, [], compilation);
    } else {
      this.primary = undefined;
      this.step = node && compilePlan(node, [], compilation);
    }
  }

  /** Shapes the response from what the fetches brought. */
  respond(run: PlanRun): ExecutionResult {
    const completion = new Completion(run.variables, run.faults, this.#compilation.errorsMax);
    const shaped = this.#shape(run)(run.data, completion);
    completion.reportUnmet();
    const data = shaped === BUBBLE || shaped === EXPLAINED_NULL ? null : (shaped as Record<string, unknown>);
    if (data === null && completion.errors.length === 0) {
      // An unknown entity is no error by itself, but no response is null without one (GraphQL specification, 7.1).
      completion.report(
        new PlatformError('NOT_FOUND', 'Something that the operation needs does not exist.'),
        undefined,
      );
    }
    return completion.errors.length === 0 ? { data } : { errors: completion.errors, data };
  }

  #shape(run: PlanRun): Completer {
    const key = this.#conditionVariables.map((name) => (run.coercedVariables[name] === true ? '1' : '0')).join('');
    const known = this.#shapes.get(key);
    if (known) return known;
    const { apiSchema } = this.#compilation;
    const { definition, denials, document } = this.#operation;
    const rootType = apiSchema.getRootType(definition.operation);
    if (!rootType) throw new PlatformError('GRAPHQL_VALIDATION_FAILED', `The graph has no ${definition.operation}.`);
    const shape = shapeObject(
      {
        schema: apiSchema,
        supergraph: this.#compilation.schema,
        denials,
        variables: run.coercedVariables,
        fragments: new Map(
          document.definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d]] : [])),
        ),
        introspect: (responseName, nodes, variables) =>
          introspect(apiSchema, this.#operation, variables, nodes, responseName),
      },
      rootType,
      [definition.selectionSet],
    );
    this.#shapes.set(key, shape);
    return shape;
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
  return node && compilation.required ? restoreRequiredArguments(node, compilation.required) : node;
}

function compilePrimary(node: SubscriptionNode, compilation: FetchCompilation): CompiledPrimary {
  const operation = subgraphOperation(node.primary);
  return {
    operation,
    transport: compilation.transportOf(node.primary.serviceName),
    pick: variablePicker(node.primary.variableUsages),
    absorb: compileRootAnswer(node.primary, operation, [], compilation),
  };
}

/** The planner adds a variable of this name to fetches of entities. */
function refuseReservedVariable({ definition }: GatewayOperation): void {
  if (definition.variableDefinitions?.some(({ variable }) => variable.name.value === 'representations')) {
    throw new PlatformError('BAD_REQUEST', 'The variable name "representations" is reserved: rename the variable.');
  }
}

function conditionVariables({ document }: GatewayOperation): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      if (directive.name.value !== 'skip' && directive.name.value !== 'include') return;
      for (const { value } of directive.arguments ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names].sort();
}
