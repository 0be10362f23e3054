import { OperationTypeNode } from 'graphql';
import { readRequestParameters } from './request-parameters.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import {
  isSubscription,
  type IncrementalOutcome,
  type OperationOutcome,
  type OperationRequest,
  type OperationService,
} from '../operation-service.js';
import type { DeliveryStream } from '../streams/delivery-stream.js';
import type { GraphqlRequest } from './graphql-over-http.js';

/** What becomes of a request that may be answered in parts: a stream, an answer in parts, or one answer. */
export type StreamedOutcome<Context> =
  | { readonly kind: 'stream'; readonly stream: DeliveryStream; readonly context: Context }
  | { readonly kind: 'parts'; readonly parts: IncrementalOutcome }
  | { readonly kind: 'answer'; readonly outcome: OperationOutcome };

export interface StreamedOptions {
  /** Whether the client takes a stream, by the `Accept` header. */
  readonly takesStream: boolean;
  /** What an event source says that comes back: where it stood. */
  readonly lastEventId?: string | undefined;
}

/** Runs an operation for a client that takes an answer in parts. */
export async function runStreamed<Context extends object>(
  service: OperationService<Context>,
  request: GraphqlRequest<Context>,
  options: StreamedOptions,
): Promise<StreamedOutcome<Context>> {
  const { correlationId, presence, authenticate } = request.context;
  try {
    const parameters = await readRequestParameters(request);
    if (!('query' in parameters)) throw notReadable(parameters[1].status);
    const context = await authenticate();
    const operation: OperationRequest<Context> = { ...parameters, correlationId, presence, context };
    const selected = await service.select(operation);
    if ('result' in selected) return { kind: 'answer', outcome: selected };
    if (isSubscription(selected)) {
      if (!options.takesStream) throw new PlatformError('BAD_REQUEST', NO_STREAM);
      const { lastEventId } = options;
      // It comes back with the request that it began with: this is newer than what stands there.
      const resumed = lastEventId === undefined ? operation : { ...operation, resumeAfter: lastEventId };
      const opened = await service.subscribe(selected, resumed);
      return 'result' in opened ? { kind: 'answer', outcome: opened } : { kind: 'stream', stream: opened, context };
    }
    if (request.method === 'GET' && selected.definition.operation === OperationTypeNode.MUTATION) {
      throw new PlatformError('METHOD_NOT_ALLOWED', 'A mutation needs POST.');
    }
    const answer = await service.executeIncrementally(selected, operation);
    return 'initial' in answer ? { kind: 'parts', parts: answer } : { kind: 'answer', outcome: answer };
  } catch (error) {
    const known =
      error instanceof Error && !('extensions' in error) ? new PlatformError('BAD_REQUEST', error.message) : error;
    return { kind: 'answer', outcome: service.refusal([known], correlationId) };
  }
}

/** Why `graphql-http` does not read a request. */
function notReadable(status: number): PlatformError {
  if (status === 405) return new PlatformError('METHOD_NOT_ALLOWED', 'Use GET or POST.');
  return new PlatformError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json in UTF-8.');
}

const NO_STREAM = 'Subscribe over a WebSocket, or ask for text/event-stream or multipart/mixed;subscriptionSpec=1.0.';
