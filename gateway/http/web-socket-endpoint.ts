import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import {
  CloseCode,
  handleProtocols,
  makeServer,
  type Context as ProtocolContext,
  type Server as ProtocolServer,
} from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { Credentials, GatewayLogger, StreamLimits } from '../gateway-options.js';
import { DeliveryStream } from '../streams/delivery-stream.js';
import { announceAt } from '../streams/expiry.js';
import { ClientPresence } from '../client-presence.js';
import type { OperationOutcome, OperationRequest, OperationService } from '../operation-service.js';
import { requestInfo, type RequestInfo } from '../request-info.js';
import type { SelectedOperation } from '../runtime.js';
import { expiryNotice, sendPing, sendPong, type CredentialNotice } from './credential-notice.js';
import { openProtocolSocket } from './protocol-socket.js';
import { startHeartbeat } from './socket-heartbeat.js';

/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001;

export interface WebSocketEndpointOptions<Context extends object> {
  readonly service: OperationService<Context>;
  readonly authenticate: (credentials: Credentials, info: RequestInfo) => Promise<Context> | Context;
  /** Makes the context of one operation from that of its connection; may throw. */
  readonly contextPerOperation: (context: Context) => Context;
  /** When the caller's credential ends, in seconds since 1970. */
  readonly expiresAt: (context: Context) => number | undefined;
  readonly path: string;
  readonly limits: StreamLimits;
  readonly messageBytesMax: number;
  readonly logger: GatewayLogger;
}

interface Connection<Context> extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  /** Of the upgrade request: all that is kept of it. */
  readonly headers: IncomingHttpHeaders;
  readonly ip: string;
  protocol?: Protocol<Context>;
  context?: Context;
  info?: RequestInfo;
  /** Aborted when the socket closes; made with the first operation that needs it. */
  gone?: AbortController;
  forgetExpiry?: () => void;
  /** The renewal that runs: one at a time. */
  renewing?: Promise<unknown>;
}

type Protocol<Context> = ProtocolContext<Record<string, unknown>, Connection<Context>>;

interface Subscribing<Context> {
  readonly selected: SelectedOperation;
  readonly request: OperationRequest<Context>;
  readonly connection: Connection<Context>;
}

/**
 * The graphql-transport-ws protocol (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) on the server's
 * upgrade requests. Callers authenticate in `connection_init`; its payload counts like headers. Before the credential
 * ends, a `ping` says so; a `ping` of the client whose payload holds `authorization` renews it, and open streams go on.
 */
export class WebSocketEndpoint<Context extends object> {
  readonly #options: WebSocketEndpointOptions<Context>;
  readonly #sockets: WebSocketServer;
  readonly #server: ProtocolServer<Connection<Context>>;
  readonly #stopHeartbeat: () => void;

  constructor(options: WebSocketEndpointOptions<Context>) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.messageBytesMax,
      handleProtocols: (protocols) => handleProtocols(protocols),
    });
    this.#stopHeartbeat = startHeartbeat(this.#sockets.clients, options.limits.heartbeatSeconds);
    this.#server = makeServer<Record<string, unknown>, Connection<Context>>({
      connectionInitWaitTimeout: options.limits.connectionInitSecondsMax * 1_000,
      onConnect: async (protocol) => {
        protocol.extra.protocol = protocol;
        return this.#connect(protocol.extra, protocol.connectionParams);
      },
      onDisconnect: ({ extra }) => leave(extra),
      onSubscribe: async ({ extra, subscriptions }, _, payload) =>
        this.#subscribe(extra, payload, Object.keys(subscriptions).length),
      execute: async ({ contextValue }) => {
        const { connection, request, selected } = contextValue as Subscribing<Context>;
        return whileConnected(connection, async (presence) =>
          resultOf(await options.service.execute(selected, { ...request, presence })),
        );
      },
      subscribe: async ({ contextValue }) => {
        const { request, selected } = contextValue as Subscribing<Context>;
        const opened = await options.service.subscribe(selected, request);
        return 'result' in opened ? resultOf(opened) : opened;
      },
    });
  }

  /** Takes the upgrade requests of its path; refuses others only if nobody else listens. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Not parsed as a URL: what stands here may be anything.
      if (request.url?.split('?', 1)[0] === this.#options.path) {
        this.#sockets.handleUpgrade(request, socket, head, (client) => this.#open(client, request));
      } else if (server.listenerCount('upgrade') === 1) {
        socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      }
    });
  }

  /** Closes all sockets with 1001. */
  async close(): Promise<void> {
    this.#stopHeartbeat();
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY, 'Going away');
    await new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
  }

  #open(socket: WebSocket, request: IncomingMessage): void {
    const { headers } = request;
    const connection: Connection<Context> = { socket, headers, ip: request.socket.remoteAddress ?? '' };
    openProtocolSocket(socket, {
      server: this.#server,
      extra: connection,
      logger: this.#options.logger,
      onPing: async (payload) => this.#ping(connection, payload),
    });
  }

  async #connect(
    connection: Connection<Context>,
    connectionParams: Readonly<Record<string, unknown>> | undefined,
  ): Promise<boolean | CredentialNotice> {
    const { headers, ip, socket } = connection;
    connection.info = requestInfo(headers, ip);
    try {
      const context = await this.#authenticate(connection, connectionParams ?? {});
      return this.#accept(connection, context) ?? true;
    } catch (error) {
      const known = this.#known(error, connection);
      const isDenied = known?.extensions['code'] === 'FORBIDDEN';
      socket.close(isDenied ? CloseCode.Forbidden : CloseCode.Unauthorized, closeReason(known));
      return false;
    }
  }

  async #authenticate(
    { headers, info }: Connection<Context>,
    connectionParams: Readonly<Record<string, unknown>>,
  ): Promise<Context> {
    if (!info) throw new Error('a caller authenticates after connecting');
    return this.#options.authenticate({ headers, connectionParams }, info);
  }

  /** The connection's operations run in this context from now on. Says when its credential ends. */
  #accept(connection: Connection<Context>, context: Context): CredentialNotice | undefined {
    const expiresAt = this.#options.expiresAt(context);
    connection.context = context;
    connection.forgetExpiry?.();
    connection.forgetExpiry = announceAt(expiresAt, this.#options.limits.renewalSeconds, (at) => {
      sendPing(connection.socket, expiryNotice(at));
    });
    return expiresAt === undefined ? undefined : expiryNotice(expiresAt);
  }

  /** Answers a ping; one that brings a credential renews it, and is told what became of that. */
  async #ping(connection: Connection<Context>, payload: Record<string, unknown> | undefined): Promise<void> {
    const authorization = payload?.['authorization'];
    const { protocol, socket } = connection;
    if (typeof authorization !== 'string' || !protocol?.acknowledged) return sendPong(socket, payload);
    const earlier = connection.renewing;
    const renewal = (async () => {
      await earlier;
      return this.#renew(protocol, authorization);
    })();
    connection.renewing = renewal;
    sendPong(socket, await renewal);
  }

  async #renew(
    { connectionParams, extra, subscriptions }: Protocol<Context>,
    authorization: string,
  ): Promise<CredentialNotice> {
    try {
      const context = await this.#authenticate(extra, { ...connectionParams, authorization });
      const notice = this.#accept(extra, context);
      const streams = Object.values(subscriptions).filter((stream) => stream instanceof DeliveryStream);
      await Promise.all(streams.map(async (stream) => this.#options.service.renew(stream, context)));
      return notice ?? { credential: {} };
    } catch (error) {
      // The earlier credential stays in force until it ends.
      const known = this.#known(error, extra);
      return { credential: { error: { code: known?.extensions['code'], message: known?.message ?? '' } } };
    }
  }

  #known(error: unknown, { info }: Connection<Context>): GraphQLError | undefined {
    return this.#options.service.refusal([error], info?.correlationId ?? '').result.errors?.[0];
  }

  async #subscribe(
    connection: Connection<Context>,
    payload: Omit<OperationRequest<Context>, 'context' | 'correlationId'>,
    running: number,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
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
    const selected = await service.select({ query, documentId, extensions, operationName, correlationId });
    if ('result' in selected) return errorsOf(selected);
    let request: OperationRequest<Context>;
    try {
      // Its document is found: the text is not kept for as long as a stream lasts.
      request = {
        query: '',
        operationName,
        variables,
        correlationId,
        context: this.#options.contextPerOperation(context),
      };
    } catch (error) {
      return errorsOf(service.refusal([error], correlationId));
    }
    const subscribing: Subscribing<Context> = { selected, request, connection };
    return {
      schema: selected.generation.engine.apiSchema,
      document: selected.stored.document,
      operationName: operationName ?? null,
      contextValue: subscribing,
    };
  }
}

function leave<Context>(connection: Connection<Context>): void {
  connection.forgetExpiry?.();
  connection.gone?.abort(new PlatformError('TIMEOUT', 'The client went away.'));
}

/** Runs an operation for a client who goes with its connection. */
async function whileConnected<Context, Result>(
  connection: Connection<Context>,
  run: (presence: ClientPresence) => Promise<Result>,
): Promise<Result> {
  const { signal } = (connection.gone ??= new AbortController());
  const presence = new ClientPresence();
  const follow = (): void => presence.leave(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  try {
    return await run(presence);
  } finally {
    signal.removeEventListener('abort', follow);
  }
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
