import {
  createSourceEventStream,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { MappedStream } from '../streams/mapped-stream.js';
import type {
  SubgraphCall,
  SubgraphFetch,
  SubgraphOperation,
  SubgraphResult,
  SubgraphSubscription,
  SubgraphTransport,
} from './subgraph-transport.js';

/**
 * A subgraph in this process. Documents were parsed when the plan was compiled and come from the planner: they are not
 * validated again. The request's context is the subgraph's context value; nothing is serialised in between.
 */
export class InProcessTransport implements SubgraphTransport {
  readonly representationForm = 'object';
  readonly #schema: GraphQLSchema;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  compile(operation: SubgraphOperation): SubgraphFetch {
    return (call) => execute(this.#args(operation, call));
  }

  async subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult> | SubgraphResult> {
    const args = this.#args(request.operation, request);
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    return new MappedStream(source, async (rootValue): Promise<ExecutionResult> =>
      execute({ ...args, rootValue, contextValue: request.eventContext() }),
    );
  }

  #args(operation: SubgraphOperation, { variables, representations, context }: SubgraphCall): ExecutionArgs {
    return {
      schema: this.#schema,
      document: operation.document,
      operationName: operation.operationName,
      variableValues: representations === undefined ? variables : { ...variables, ...representations },
      contextValue: context,
    };
  }
}
