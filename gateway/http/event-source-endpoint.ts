import { OperationTypeNode, type ExecutionResult } from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import {
  isSubscription,
  type OperationOutcome,
  type OperationRequest,
  type OperationService,
  type OperationStream,
} from '../operation-service.js';
import type { GraphqlRequest } from './graphql-over-http.js';
import { readRequestParameters } from './request-parameters.js';

/** Runs an operation for a client that asked for `text/event-stream`: the stream, or why there is none. */
export async function openEventSource<Context extends object>(
  service: OperationService<Context>,
  request: GraphqlRequest<Context>,
): Promise<OperationStream | OperationOutcome> {
  const { correlationId, signal, authenticate } = request.context;
  try {
    const parameters = await readRequestParameters(request);
    if (!('query' in parameters))
      throw new PlatformError('BAD_REQUEST', 'Ask by GET, or by POST with application/json.');
    const operation: OperationRequest<Context> = {
      ...parameters,
      correlationId,
      signal,
      context: await authenticate(),
    };
    const selected = service.select(operation);
    if ('result' in selected) return selected;
    if (isSubscription(selected)) return await service.subscribe(selected, operation);
    if (request.method === 'GET' && selected.definition.operation === OperationTypeNode.MUTATION) {
      throw new PlatformError('METHOD_NOT_ALLOWED', 'A mutation needs POST.');
    }
    const outcome = await service.execute(selected, operation);
    return outcome.status === 200 ? single(outcome.result) : outcome;
  } catch (error) {
    const known =
      error instanceof Error && !('extensions' in error) ? new PlatformError('BAD_REQUEST', error.message) : error;
    return service.refusal([known], correlationId);
  }
}

async function* single(result: ExecutionResult): OperationStream {
  yield result;
}
