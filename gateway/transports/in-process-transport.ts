import {
  createSourceEventStream,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { MappedStream } from '../streams/mapped-stream.js';
import type { SubgraphRequest, SubgraphResult, SubgraphSubscription, SubgraphTransport } from './subgraph-transport.js';

/**
 * A subgraph in this process. Documents were parsed when the plan was compiled and come from the planner: they are not
 * validated again. The request's context is the subgraph's context value; nothing is serialised in between.
 */
export class InProcessTransport implements SubgraphTransport {
  readonly #schema: GraphQLSchema;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  async execute(request: SubgraphRequest): Promise<SubgraphResult> {
    return execute(this.#args(request));
  }

  async subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult> | SubgraphResult> {
    const args = this.#args(request);
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    return new MappedStream(source, async (rootValue): Promise<ExecutionResult> =>
      execute({ ...args, rootValue, contextValue: request.eventContext() }),
    );
  }

  #args({ operation, variables, context }: SubgraphRequest): ExecutionArgs {
    return {
      schema: this.#schema,
      document: operation.document,
      operationName: operation.operationName,
      variableValues: variables,
      contextValue: context,
    };
  }
}
