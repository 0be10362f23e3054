import { GraphQLError } from 'graphql';
import { CloseCode, createClient } from 'graphql-ws';
import { WebSocket, type ClientOptions } from 'ws';
import type { ErrorCode } from '../../kernel/errors/error-codes.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { PushedStream } from '../streams/pushed-stream.js';
import { toSubgraphResult } from './http-answer.js';
import type { SubgraphResult, SubgraphSubscription } from './subgraph-transport.js';

export interface WebSocketSubscription {
  readonly name: string;
  readonly url: string;
  /** Sent with the upgrade request, and as the payload of `connection_init`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly request: SubgraphSubscription;
  readonly bufferMax: number;
  readonly messageBytesMax: number;
}

/**
 * Subscribes at a subgraph, on a socket of its own: it carries one caller, and pausing it makes the subgraph wait
 * without holding up anyone else. A stream that is lost ends with `UNAVAILABLE`; the client resumes by its cursor.
 */
export function subscribeOverWebSocket(subscription: WebSocketSubscription): AsyncIterable<SubgraphResult> {
  const { headers, messageBytesMax, name, request, url } = subscription;
  let socket: WebSocket | undefined;
  class SubgraphSocket extends WebSocket {
    constructor(address: string, protocols: string | string[]) {
      const options: ClientOptions = { headers, maxPayload: messageBytesMax, handshakeTimeout: 10_000 };
      super(address, protocols, options);
      // oxlint-disable-next-line typescript/no-this-alias -- the client gives no access to the socket that it makes
      socket = this;
    }
  }
  const client = createClient({
    url,
    webSocketImpl: SubgraphSocket,
    connectionParams: headers,
    retryAttempts: 0,
    lazy: true,
  });
  const events = new PushedStream<SubgraphResult>({
    bufferMax: subscription.bufferMax,
    pause: () => socket?.pause(),
    resume: () => socket?.resume(),
    close: () => {
      socket?.resume();
      void client.dispose();
    },
  });
  const { operation, signal, variables } = request;
  const unsubscribe = client.subscribe(
    { query: operation.text, variables: { ...variables }, operationName: operation.operationName ?? null },
    {
      next: (result) => pushResult(events, result),
      error: (error) => events.end(streamError(name, error)),
      complete: () => events.end(),
    },
  );
  signal?.addEventListener('abort', unsubscribe, { once: true });
  return events;
}

function pushResult(events: PushedStream<SubgraphResult>, result: unknown): void {
  try {
    events.push(toSubgraphResult(result));
  } catch (error) {
    events.end(error);
  }
}

const CODE_OF_CLOSE: Readonly<Record<number, ErrorCode>> = {
  [CloseCode.Unauthorized]: 'UNAUTHENTICATED',
  [CloseCode.Forbidden]: 'FORBIDDEN',
};

function streamError(name: string, error: unknown): Error {
  const [first] = Array.isArray(error) ? (error as readonly unknown[]) : [];
  if (isErrorPayload(first))
    return new GraphQLError(first.message, { extensions: { ...first.extensions, service: name } });
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const known = typeof code === 'number' ? CODE_OF_CLOSE[code] : undefined;
  if (known) return new PlatformError(known, `The subgraph "${name}" refused the subscription.`, { service: name });
  const message = `The stream from the subgraph "${name}" was lost. Resume from the last cursor.`;
  return new PlatformError('UNAVAILABLE', message, { service: name }, { cause: error });
}

function isErrorPayload(error: unknown): error is { message: string; extensions?: Record<string, unknown> } {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
