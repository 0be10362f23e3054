import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Operation } from '../providers/model-provider.js';
import type { GatewayParts } from './gateway-parts.js';
import { findModel, listModels } from './list-models.js';
import { OpenAiError, toOpenAiError } from './openai-error.js';
import { serveRequest } from './serve-request.js';

const BODY_BYTES_MAX = 8 * 1024 * 1024;
const OPERATIONS: readonly Operation[] = ['chat/completions', 'completions', 'embeddings'];

declare module 'fastify' {
  interface FastifyRequest {
    modelCorrelationId: string;
  }
}

/** The OpenAI-compatible API below `/v1`. Nothing is passed through: what is not named here is not served. */
export function openAiRoutes(parts: GatewayParts): (server: FastifyInstance) => Promise<void> {
  const seconds = parts.kernel.metrics.histogram(
    'token_factory_request_seconds',
    'Time of a request of the model API, its last byte included.',
    ['operation', 'status'],
  );
  return async (server) => {
    await server.register(
      async (scope) => {
        // Only JSON is spoken here.
        scope.removeContentTypeParser('text/plain');
        scope.decorateRequest('modelCorrelationId', '');
        scope.addHook('onRequest', async (request, reply) => {
          request.modelCorrelationId = newId('cor');
          reply.header('x-request-id', request.modelCorrelationId);
        });
        scope.addHook('onSend', async (_request, reply, payload) => {
          if (reply.getHeader('openai-processing-ms') === undefined)
            reply.header('openai-processing-ms', String(Math.round(reply.elapsedTime)));
          return payload;
        });
        scope.setErrorHandler((error, request, reply) => fail(parts, error, request, reply));
        scope.setNotFoundHandler((request, reply) =>
          fail(
            parts,
            new OpenAiError(
              404,
              `Unknown request URL: ${request.method} ${request.url.split('?', 1)[0]?.slice(0, 200) ?? ''}.`,
              { code: 'unknown_url' },
            ),
            request,
            reply,
          ),
        );
        for (const operation of OPERATIONS) {
          scope.post(`/${operation}`, { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
            const stop = seconds.startTimer({ operation });
            reply.raw.once('close', () => stop({ status: String(reply.raw.statusCode) }));
            return serveRequest(parts, operation, request, reply, request.modelCorrelationId);
          });
        }
        scope.get('/models', async (request) => ({
          object: 'list',
          data: await listModels(parts, request, request.modelCorrelationId),
        }));
        scope.get<{ Params: { '*': string } }>('/models/*', async (request) =>
          findModel(parts, request, request.params['*'], request.modelCorrelationId),
        );
      },
      { prefix: '/v1' },
    );
  };
}

async function fail(
  parts: GatewayParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const shown = toOpenAiError(error);
  if (shown.status >= 500 && !(error instanceof OpenAiError)) {
    parts.kernel.logger.error({ err: error, correlationId: request.modelCorrelationId }, 'a model request failed');
  }
  return reply.code(shown.status).headers(shown.headers).type('application/json; charset=utf-8').send(shown.body());
}
