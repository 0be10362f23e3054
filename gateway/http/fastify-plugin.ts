import { isUtf8 } from 'node:buffer';
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpServer } from '../../kernel/http/http-server.js';
import { STREAM_LIMITS, type GatewayOptions } from '../gateway-options.js';
import { sendGraphiqlPage, serveGraphiqlAssets, wantsPage } from '../graphiql/graphiql-routes.js';
import type { OperationService } from '../operation-service.js';
import { requestInfo } from '../request-info.js';
import { faultResponse, notUtf8 } from './faults.js';
import { graphqlOverHttp, type GraphqlHandler } from './graphql-over-http.js';
import { handledRequest } from './handled-request.js';
import { plainPostHandler } from './plain-post-handler.js';
import type { HttpResponse } from './response.js';
import { streamingAccept } from './streaming-accept.js';
import { streamingEndpoint } from './streaming-endpoint.js';
import { WebSocketEndpoint } from './web-socket-endpoint.js';

const BODY_BYTES_MAX = 1_000_000;

/** The gateway's endpoint: GraphQL over HTTP, server-sent events, multipart and WebSockets on one path. */
export function gatewayPlugin<Context extends object>(
  service: OperationService<Context>,
  options: GatewayOptions<Context>,
): FastifyPluginAsync {
  const path = options.path ?? '/graphql';
  const bodyLimit = options.bodyBytesMax ?? BODY_BYTES_MAX;
  const answer = graphqlOverHttp(service);
  return async (fastify) => {
    readBodiesAsText(fastify, bodyLimit);
    fastify.setErrorHandler<FastifyError>((error, request, reply) => {
      const { correlationId } = requestInfo(request.headers, request.ip);
      send(reply, faultResponse(service, error, correlationId), correlationId);
    });
    if (fastify.hasDecorator('beforeRouting')) {
      const posts = { service, options, path, bodyBytesMax: bodyLimit, answer };
      (fastify as HttpServer).beforeRouting(plainPostHandler(posts));
    }
    fastify.route({
      // PUT, DELETE and PATCH get the protocol's own 405 instead of a 404.
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: path,
      bodyLimit,
      handler: endpoint(service, options, path, answer),
    });
    if (options.graphiql) serveGraphiqlAssets(fastify, path);
    attachWebSockets(fastify, service, options, path, bodyLimit);
  };
}

/** What the router hands over: all but what {@link plainPostHandler} takes before. */
function endpoint<Context extends object>(
  service: OperationService<Context>,
  options: GatewayOptions<Context>,
  path: string,
  answer: GraphqlHandler<Context>,
) {
  const stream = streamingEndpoint(service, options);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (options.graphiql && wantsPage(request)) return sendGraphiqlPage(reply, options.graphiql, path);
    const body = typeof request.body === 'string' ? request.body : null;
    const handled = handledRequest({ request: request.raw, response: reply.raw, ip: request.ip, body }, options);
    const accepted = streamingAccept(request.headers.accept);
    if (accepted.stream !== undefined || accepted.parts !== undefined) {
      await stream(request, reply, handled, accepted);
      return;
    }
    send(reply, await answer(handled), handled.context.correlationId);
  };
}

function send(reply: FastifyReply, { status, headers, body }: HttpResponse, correlationId: string): void {
  reply.code(status).headers(headers).header('x-correlation-id', correlationId).send(body);
}

/** `graphql-http` judges content types; here bodies are only bounded and checked to be UTF-8. */
function readBodiesAsText(fastify: FastifyInstance, bodyLimit: number): void {
  fastify.removeAllContentTypeParsers();
  // The one that is sent almost always is found by its name.
  fastify.addContentTypeParser(['application/json', '*'], { parseAs: 'buffer', bodyLimit }, (_, body, done) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (isUtf8(bytes)) done(null, bytes.toString('utf8'));
    else done(notUtf8());
  });
}

function attachWebSockets<Context extends object>(
  fastify: FastifyInstance,
  service: OperationService<Context>,
  options: GatewayOptions<Context>,
  path: string,
  messageBytesMax: number,
): void {
  const limits = { ...STREAM_LIMITS, ...options.streamLimits };
  const sockets = new WebSocketEndpoint({
    service,
    path,
    limits,
    messageBytesMax,
    logger: options.logger,
    authenticate: options.authenticate,
    contextPerOperation: (context) => options.contextPerEvent?.(context) ?? context,
    expiresAt: (context) => options.expiresAt?.(context),
  });
  sockets.attach(fastify.server);
  fastify.addHook('preClose', async () => {
    await service.endStreams();
    await sockets.close();
  });
}
