import { createSourceEventStream, type GraphQLSchema } from 'graphql';
import { MappedStream } from '../streams/mapped-stream.js';
import { CompiledOperation } from './execution/compiled-operation.js';
import type {
  SubgraphFetch,
  SubgraphOperation,
  SubgraphResult,
  SubgraphSubscription,
  SubgraphTransport,
} from './subgraph-transport.js';

/**
 * A subgraph in this process. Documents were parsed when the plan was compiled and come from the planner: they are not
 * validated again, and are compiled once. The request's context is the subgraph's context value; nothing is serialised
 * in between.
 */
export class InProcessTransport implements SubgraphTransport {
  readonly representationForm = 'object';
  readonly schema: GraphQLSchema;
  readonly #subscriptions = new WeakMap<SubgraphOperation, CompiledOperation>();

  constructor(schema: GraphQLSchema) {
    this.schema = schema;
  }

  compile(operation: SubgraphOperation): SubgraphFetch {
    const compiled = new CompiledOperation(this.schema, operation);
    return (call) => compiled.execute(call);
  }

  async subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult> | SubgraphResult> {
    const { context, eventContext, operation, variables } = request;
    const source = await createSourceEventStream({
      schema: this.schema,
      document: operation.document,
      operationName: operation.operationName,
      variableValues: variables,
      contextValue: context,
    });
    if (!(Symbol.asyncIterator in source)) return source;
    const compiled = this.#compiled(operation);
    return new MappedStream(source, async (rootValue) =>
      compiled.execute({ rootValue, variables, context: eventContext() }),
    );
  }

  #compiled(operation: SubgraphOperation): CompiledOperation {
    const known = this.#subscriptions.get(operation);
    if (known) return known;
    const compiled = new CompiledOperation(this.schema, operation);
    this.#subscriptions.set(operation, compiled);
    return compiled;
  }
}
