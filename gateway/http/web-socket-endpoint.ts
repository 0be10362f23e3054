import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { Credentials, StreamLimits } from '../gateway-options.js';
import type { OperationOutcome, OperationRequest, OperationService } from '../operation-service.js';
import { requestInfo, type RequestInfo } from '../request-info.js';
import type { SelectedOperation } from '../runtime.js';

export interface WebSocketEndpointOptions<Context extends object> {
  readonly service: OperationService<Context>;
  readonly authenticate: (credentials: Credentials, info: RequestInfo) => Promise<Context> | Context;
  /** Makes the context of one operation from that of its connection; may throw. */
  readonly contextPerOperation: (context: Context) => Context;
  readonly path: string;
  readonly limits: StreamLimits;
  readonly messageBytesMax: number;
}

interface Connection<Context> extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  context?: Context;
  info?: RequestInfo;
}

interface Subscribing<Context> {
  readonly selected: SelectedOperation;
  readonly request: OperationRequest<Context>;
}

/**
 * The graphql-transport-ws protocol (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) on the server's
 * upgrade requests. Callers authenticate once, in `connection_init`; its payload counts like headers.
 */
export class WebSocketEndpoint<Context extends object> {
  readonly #options: WebSocketEndpointOptions<Context>;
  readonly #sockets: WebSocketServer;
  readonly #dispose: () => Promise<void> | void;

  constructor(options: WebSocketEndpointOptions<Context>) {
    this.#options = options;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: options.messageBytesMax });
    const { dispose } = useServer<Record<string, unknown>, Connection<Context>>(
      {
        connectionInitWaitTimeout: options.limits.connectionInitSecondsMax * 1_000,
        onConnect: async ({ connectionParams, extra }) => this.#connect(extra, connectionParams),
        onSubscribe: ({ extra, subscriptions }, _, payload) =>
          this.#subscribe(extra, payload, Object.keys(subscriptions).length),
        execute: async (args) => resultOf(await this.#options.service.execute(...runArguments<Context>(args))),
        subscribe: async (args) => {
          const opened = await this.#options.service.subscribe(...runArguments<Context>(args));
          return 'result' in opened ? resultOf(opened) : opened;
        },
      },
      this.#sockets,
      options.limits.heartbeatSeconds * 1_000,
    );
    this.#dispose = dispose;
  }

  /** Takes the upgrade requests of its path; refuses others only if nobody else listens. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Not parsed as a URL: what stands here may be anything.
      if (request.url?.split('?', 1)[0] === this.#options.path) {
        this.#sockets.handleUpgrade(request, socket, head, (client) =>
          this.#sockets.emit('connection', client, request),
        );
      } else if (server.listenerCount('upgrade') === 1) {
        socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      }
    });
  }

  /** Closes all sockets with 1001. */
  async close(): Promise<void> {
    await this.#dispose();
  }

  async #connect(
    connection: Connection<Context>,
    connectionParams: Readonly<Record<string, unknown>> | undefined,
  ): Promise<boolean> {
    const { request, socket } = connection;
    const info = requestInfo(request.headers, request.socket.remoteAddress ?? '');
    try {
      connection.context = await this.#options.authenticate(
        { headers: request.headers, connectionParams: connectionParams ?? {} },
        info,
      );
      connection.info = info;
      return true;
    } catch (error) {
      const [known] = this.#options.service.refusal([error], info.correlationId).result.errors ?? [];
      const isDenied = known?.extensions['code'] === 'FORBIDDEN';
      socket.close(isDenied ? CloseCode.Forbidden : CloseCode.Unauthorized, closeReason(known));
      return false;
    }
  }

  #subscribe(
    connection: Connection<Context>,
    payload: Omit<OperationRequest<Context>, 'context' | 'correlationId'>,
    running: number,
  ): ExecutionArgs | readonly GraphQLError[] {
    const { context, info } = connection;
    const { service, limits } = this.#options;
    const correlationId = info?.correlationId ?? '';
    if (!context || running > limits.perConnectionMax) {
      const busy = new PlatformError(
        'RATE_LIMITED',
        `At most ${limits.perConnectionMax} operations may run on one connection.`,
      );
      return errorsOf(service.refusal([busy], correlationId));
    }
    const { query, operationName, variables, documentId, extensions } = payload;
    const selected = service.select({ query, documentId, extensions, operationName, correlationId });
    if ('result' in selected) return errorsOf(selected);
    let request: OperationRequest<Context>;
    try {
      request = { query, operationName, variables, correlationId, context: this.#options.contextPerOperation(context) };
    } catch (error) {
      return errorsOf(service.refusal([error], correlationId));
    }
    const subscribing: Subscribing<Context> = { selected, request };
    return {
      schema: selected.generation.engine.apiSchema,
      document: selected.stored.document,
      operationName: operationName ?? null,
      contextValue: subscribing,
    };
  }
}

function runArguments<Context extends object>({
  contextValue,
}: ExecutionArgs): [SelectedOperation, OperationRequest<Context>] {
  const { selected, request } = contextValue as Subscribing<Context>;
  return [selected, request];
}

function resultOf({ result }: OperationOutcome): ExecutionResult {
  return result;
}

function errorsOf({ result }: OperationOutcome): readonly GraphQLError[] {
  return result.errors ?? [];
}

/** Close reasons are limited to 123 bytes. */
function closeReason(error: GraphQLError | undefined): string {
  const code = error?.extensions['code'];
  return `${typeof code === 'string' ? code : 'UNAUTHENTICATED'}: ${error?.message ?? ''}`.slice(0, 120);
}
