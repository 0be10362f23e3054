import {
  execute,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  visit,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { fragmentsIn } from '../../document-fragments.js';
import { LRUCache } from 'lru-cache';
import type { SubgraphOperation } from '../subgraph-transport.js';
import { compileSelection, compileSerialSelection, type SelectionRunner } from './compile-selection.js';
import { conditionVariables } from './condition-variables.js';
import { compileVariables, type VariablesOf } from './compile-variables.js';
import { ExecutionRun } from './execution-run.js';
import { isPending } from './thenable.js';

export interface ExecutionInput {
  readonly rootValue?: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Variables that need no coercion: lists of representations, which may be anything (`[_Any!]!`). */
  readonly representations?: Readonly<Record<string, unknown>> | undefined;
  readonly context: unknown;
}

/** How many sets of values of its `@skip` and `@include` variables an operation is kept compiled for. */
const SELECTIONS_MAX = 16;

const CONDITIONAL = new Set(['skip', 'include']);

/**
 * A valid operation, compiled for a schema into closures: resolvers, arguments, serialisers and completers of each field
 * are found once. Answers as graphql-js `execute` does, and is synchronous where the resolvers are. What is out of the
 * ordinary (variables at fault, a response name `__proto__`) is left to graphql-js.
 */
export class CompiledOperation {
  readonly #schema: GraphQLSchema;
  readonly #operation: SubgraphOperation;
  readonly #definition: OperationDefinitionNode | undefined;
  readonly #variablesOf: VariablesOf;
  readonly #conditionNames: readonly string[];
  readonly #selections = new LRUCache<string, SelectionRunner>({ max: SELECTIONS_MAX });

  constructor(schema: GraphQLSchema, operation: SubgraphOperation) {
    this.#schema = schema;
    this.#operation = operation;
    const definition = getOperationAST(operation.document, operation.operationName);
    const isOrdinary = definition && schema.getRootType(definition.operation) && !hasPrototypeName(operation);
    this.#definition = isOrdinary ? definition : undefined;
    this.#variablesOf = compileVariables(schema, definition?.variableDefinitions ?? []);
    this.#conditionNames = conditionVariables(operation.document, CONDITIONAL);
  }

  execute(input: ExecutionInput): Promise<ExecutionResult> | ExecutionResult {
    const variables = this.#definition && this.#variablesOf(input.variables, input.representations);
    const selection = this.#definition && variables && this.#selection(this.#definition, variables);
    if (!variables || !selection) return this.#executeSlowly(input);
    const run = new ExecutionRun(input.rootValue, input.context, variables);
    try {
      const data = selection(run, input.rootValue, undefined);
      if (!isPending(data)) return respond(run, data);
      return data.then(
        (settled) => respond(run, settled),
        (error: unknown) => respondFailed(run, error),
      );
    } catch (error) {
      return respondFailed(run, error);
    }
  }

  #executeSlowly(input: ExecutionInput): Promise<ExecutionResult> | ExecutionResult {
    const { document, operationName } = this.#operation;
    return execute({
      schema: this.#schema,
      document,
      operationName,
      rootValue: input.rootValue,
      variableValues: { ...input.variables, ...input.representations },
      contextValue: input.context,
    });
  }

  /** Undefined if a condition is no boolean: graphql-js tells what is wrong. */
  #selection(
    definition: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
  ): SelectionRunner | undefined {
    const conditions: Record<string, boolean> = {};
    let key = '';
    for (const name of this.#conditionNames) {
      const value = variables[name];
      if (typeof value !== 'boolean') return undefined;
      conditions[name] = value;
      key += value ? '1' : '0';
    }
    const known = this.#selections.get(key);
    if (known) return known;
    const selection = this.#compile(definition, conditions);
    this.#selections.set(key, selection);
    return selection;
  }

  #compile(operation: OperationDefinitionNode, conditions: Readonly<Record<string, boolean>>): SelectionRunner {
    const schema = this.#schema;
    const type = schema.getRootType(operation.operation);
    if (!type) throw new GraphQLError(`Schema is not configured to execute ${operation.operation} operation.`);
    const { hiddenTypeNames } = this.#operation;
    const scope = { schema, operation, fragments: fragmentRecordOf(this.#operation), conditions, hiddenTypeNames };
    return operation.operation === OperationTypeNode.MUTATION
      ? compileSerialSelection(scope, type, [operation])
      : compileSelection(scope, type, [operation]);
  }
}

function respond({ errors }: ExecutionRun, data: unknown): ExecutionResult {
  const answered = data as Record<string, unknown> | null;
  return errors.length === 0 ? { data: answered } : { errors, data: answered };
}

function respondFailed(run: ExecutionRun, error: unknown): ExecutionResult {
  // Fields throw located errors only; anything else is a fault of this executor, and is not to be hidden.
  if (!(error instanceof Error)) throw error;
  run.report(error as GraphQLError, undefined);
  return respond(run, null);
}

function fragmentRecordOf({ document }: SubgraphOperation): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const fragment of fragmentsIn(document)) fragments[fragment.name.value] = fragment;
  return fragments;
}

/** Results have a prototype: such a name would change it. */
function hasPrototypeName({ document }: SubgraphOperation): boolean {
  let isFound = false;
  visit(document, { Name: ({ value }) => void (isFound ||= value === '__proto__') });
  return isFound;
}
