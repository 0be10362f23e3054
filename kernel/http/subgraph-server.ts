import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type GraphQLFormattedError, type GraphQLSchema, execute } from 'graphql';
import { type Context as WsContext, makeServer } from 'graphql-ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { RequestContext } from '../graphql/request-context.js';
import type { Logger } from '../telemetry/logger.js';
import { takeTurns } from './event-loop-turns.js';
import { subscribeAfresh } from './subscribe-afresh.js';

/** Makes the context of a request that another process signed for; throws when the signature does not hold. */
export type ContextFromHeaders = (headers: Readonly<Record<string, string | undefined>>) => Promise<RequestContext>;

export interface SubgraphServerOptions {
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly contextFrom: ContextFromHeaders;
  readonly formatError: (error: unknown) => GraphQLFormattedError;
  readonly logger: Logger;
}

/**
 * What Apollo Server is given as context. It hands resolvers a copy, made property by property, and a copy of a
 * {@link RequestContext} lacks its private fields: so the copy is of this, and the context in it takes its place.
 */
interface Carried {
  readonly context: RequestContext;
}

const UNCARRIED: ApolloServerPlugin<Carried> = {
  async requestDidStart(request) {
    Object.assign(request, { contextValue: request.contextValue.context });
  },
};

/** Serves one subgraph at `/graphql`: queries and mutations by Apollo Server, subscriptions over graphql-ws. */
export async function serveSubgraph(
  server: FastifyInstance,
  options: SubgraphServerOptions,
): Promise<{ close(): Promise<void> }> {
  const apollo = new ApolloServer<Carried>({
    schema: options.schema,
    stopOnTerminationSignals: false,
    introspection: true,
    csrfPrevention: false,
    plugins: [UNCARRIED, ApolloServerPluginInlineTraceDisabled()],
    formatError: (_formatted, error) => options.formatError(error),
  });
  await apollo.start();
  server.post('/graphql', async (request, reply) => answer(apollo, options, request, reply));
  const sockets = serveSubscriptions(server, options);
  return {
    async close() {
      for (const socket of sockets.clients) socket.close(1001, 'Going away');
      sockets.close();
      await apollo.stop();
    },
  };
}

async function answer(
  apollo: ApolloServer<Carried>,
  options: SubgraphServerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const response = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: 'POST', headers, body: request.body, search: '' },
    context: async () => ({ context: await options.contextFrom(Object.fromEntries(headers)) }),
  });
  void reply.code(response.status ?? 200);
  for (const [name, value] of response.headers) void reply.header(name, value);
  if (response.body.kind === 'complete') return reply.send(response.body.string);
  throw new Error('subgraphs answer in one piece');
}

function serveSubscriptions(server: FastifyInstance, options: SubgraphServerOptions): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_048_576 });
  const protocol = makeServer<Record<string, unknown>, { context?: RequestContext }>({
    schema: options.schema,
    execute,
    subscribe: (args) => {
      const context = args.contextValue as RequestContext | undefined;
      return subscribeAfresh(args, () => context?.fresh());
    },
    // The gateway's signature travels in the payload of connection_init, as a browser could not set headers either.
    onConnect: async (context: WsContext<Record<string, unknown>, { context?: RequestContext }>) => {
      const headers = Object.entries(context.connectionParams ?? {}).filter(([, value]) => typeof value === 'string');
      context.extra.context = await options.contextFrom(Object.fromEntries(headers) as Record<string, string>);
      return true;
    },
    context: (context) => context.extra.context?.fresh(),
    onNext: takeTurns(),
  });
  server.server.on('upgrade', (request, socket, head) => {
    if ((request.url ?? '').split('?', 1)[0] !== '/graphql') {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => open(protocol, client, options.logger));
  });
  return sockets;
}

function messageText(data: RawData): string {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Uint8Array);
  return bytes.toString('utf8');
}

function open(
  protocol: ReturnType<typeof makeServer<Record<string, unknown>, { context?: RequestContext }>>,
  client: WebSocket,
  logger: Logger,
): void {
  const closed = protocol.opened(
    {
      protocol: client.protocol,
      send: (data) =>
        new Promise<void>((resolve, reject) => {
          client.send(data, (error) => (error == null ? resolve() : reject(error)));
        }),
      close: (code, reason) => client.close(code, reason),
      onMessage: (handle) => {
        client.on('message', (data) => {
          handle(messageText(data)).catch((error: unknown) => {
            logger.warn({ err: error }, 'a subscription message failed');
            client.close(4500, 'Internal error');
          });
        });
      },
    },
    {},
  );
  client.on('error', (error) => logger.debug({ err: error }, 'a subscription socket failed'));
  client.on('close', (code, reason) => void closed(code, String(reason)));
}
