import { isUtf8 } from 'node:buffer';
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../kernel/errors/error-codes.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { STREAM_LIMITS, type GatewayOptions } from '../gateway-options.js';
import { sendGraphiqlPage, serveGraphiqlAssets, wantsPage } from '../graphiql/graphiql-routes.js';
import type { OperationService } from '../operation-service.js';
import { requestInfo, type RequestInfo } from '../request-info.js';
import { graphqlOverHttp, type GraphqlRequest } from './graphql-over-http.js';
import { JSON_RESPONSE } from './response.js';
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
  return async (fastify) => {
    readBodiesAsText(fastify, bodyLimit);
    fastify.setErrorHandler<FastifyError>((error, request, reply) => sendFault(service, error, request, reply));
    fastify.route({
      // PUT, DELETE and PATCH get the protocol's own 405 instead of a 404.
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: path,
      bodyLimit,
      handler: endpoint(service, options, path),
    });
    if (options.graphiql) serveGraphiqlAssets(fastify, path);
    attachWebSockets(fastify, service, options, path, bodyLimit);
  };
}

function endpoint<Context extends object>(
  service: OperationService<Context>,
  options: GatewayOptions<Context>,
  path: string,
) {
  const answer = graphqlOverHttp(service);
  const stream = streamingEndpoint(service, options);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (options.graphiql && wantsPage(request)) return sendGraphiqlPage(reply, options.graphiql, path);
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort(new PlatformError('TIMEOUT', 'The client went away.'));
    });
    const info = requestInfo(request.headers, request.ip, gone.signal);
    const handled = graphqlRequest(request, gone, info, options);
    const accepted = streamingAccept(request.headers.accept);
    if (accepted.stream !== undefined || accepted.parts !== undefined) {
      await stream(request, reply, handled, accepted);
      return;
    }
    const { status, headers, body } = await answer(handled);
    reply.code(status).headers(headers).header('x-correlation-id', info.correlationId).send(body);
  };
}

function graphqlRequest<Context extends object>(
  request: FastifyRequest,
  gone: AbortController,
  info: RequestInfo,
  options: GatewayOptions<Context>,
): GraphqlRequest<Context> {
  return {
    method: request.method,
    url: request.url,
    headers: request.headers,
    body: typeof request.body === 'string' ? request.body : null,
    raw: request.raw,
    context: {
      correlationId: info.correlationId,
      gone,
      authenticate: () => options.authenticate({ headers: request.headers }, info),
    },
  };
}

/** `graphql-http` judges content types; here bodies are only bounded and checked to be UTF-8. */
function readBodiesAsText(fastify: FastifyInstance, bodyLimit: number): void {
  fastify.removeAllContentTypeParsers();
  // The one that is sent almost always is found by its name.
  fastify.addContentTypeParser(['application/json', '*'], { parseAs: 'buffer', bodyLimit }, (_, body, done) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    if (isUtf8(bytes)) done(null, bytes.toString('utf8'));
    else done(new PlatformError('BAD_REQUEST', 'The body is not valid UTF-8.'));
  });
}

function sendFault<Context extends object>(
  service: OperationService<Context>,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { correlationId } = requestInfo(request.headers, request.ip);
  const outcome = service.refusal([faultOf(error)], correlationId);
  return reply
    .code(outcome.status)
    .headers({ 'content-type': JSON_RESPONSE, 'x-correlation-id': correlationId })
    .send(JSON.stringify(outcome.result));
}

function faultOf(error: FastifyError): Error {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new PlatformError('PAYLOAD_TOO_LARGE', 'The body is too large.');
  const code: ErrorCode = error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? 'UNSUPPORTED_MEDIA_TYPE' : 'BAD_REQUEST';
  const isCallers = error.statusCode !== undefined && error.statusCode < 500 && !('extensions' in error);
  return isCallers ? new PlatformError(code, error.message) : error;
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
