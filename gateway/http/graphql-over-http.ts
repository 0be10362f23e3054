import { OperationTypeNode } from 'graphql';
import { createHandler, type Request, type Response } from 'graphql-http';
import type { ErrorCode } from '../../kernel/errors/error-codes.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { ClientPresence } from '../client-presence.js';
import { isSubscription, type OperationService } from '../operation-service.js';
import { readPlainPost } from './plain-post.js';
import { readRequestParameters, type RequestParameters } from './request-parameters.js';
import { negotiate, outcomeResponse, JSON_RESPONSE, type HttpResponse } from './response.js';

/** What the handler knows of a request beside what `graphql-http` reads. */
export interface HandledRequest<Context> {
  readonly correlationId: string;
  readonly presence: ClientPresence;
  readonly authenticate: () => Context | Promise<Context>;
}

export type GraphqlRequest<Context> = Request<unknown, HandledRequest<Context>>;

export type GraphqlHandler<Context> = (request: GraphqlRequest<Context>) => Promise<HttpResponse>;

/**
 * GraphQL over HTTP, GET and POST (https://graphql.github.io/graphql-over-http/draft/). `graphql-http` reads requests;
 * running them and writing responses is ours.
 */
export function graphqlOverHttp<Context extends object>(service: OperationService<Context>): GraphqlHandler<Context> {
  const handler = createHandler<unknown, HandledRequest<Context>>({
    parseRequestParams: async (request) => {
      try {
        return await readRequestParameters(request);
      } catch (error) {
        return refuse(service, request, 'BAD_REQUEST', error instanceof Error ? error.message : 'Malformed request');
      }
    },
    onSubscribe: async (request, parameters) =>
      toResponse(await answer(service, request, parameters, negotiate(headerOf(request, 'accept')))),
  });
  return async (request) => {
    const plain = readPlainPost(request);
    if (plain) return answer(service, request, plain.parameters, plain.mediaType);
    const [body, { status, headers }] = await handler(request);
    if (body !== null) return { status, headers: { ...headers }, body };
    return fromResponse(
      refuse(
        service,
        request,
        CODE_OF_STATUS[status] ?? 'BAD_REQUEST',
        REASON[status] ?? 'Bad request',
        headers,
        status,
      ),
    );
  };
}

/** Runs the operation that a request asks for. */
async function answer<Context extends object>(
  service: OperationService<Context>,
  request: GraphqlRequest<Context>,
  parameters: RequestParameters,
  mediaType: string,
): Promise<HttpResponse> {
  const { authenticate, correlationId, presence } = request.context;
  let context: Context;
  try {
    const authenticated = authenticate();
    context = authenticated instanceof Promise ? await authenticated : authenticated;
  } catch (error) {
    return outcomeResponse(service.refusal([error], correlationId), mediaType);
  }
  const { documentId, extensions, operationName, query, variables } = parameters;
  const operation = { documentId, extensions, operationName, query, variables, context, correlationId, presence };
  const selecting = service.select(operation);
  const selected = selecting instanceof Promise ? await selecting : selecting;
  if ('result' in selected) return outcomeResponse(selected, mediaType);
  if (isSubscription(selected)) {
    const reason = 'Subscribe over a WebSocket, or ask for text/event-stream.';
    return fromResponse(refuse(service, request, 'BAD_REQUEST', reason));
  }
  if (request.method === 'GET' && selected.definition.operation === OperationTypeNode.MUTATION) {
    const allowed = { allow: 'POST' };
    return fromResponse(refuse(service, request, 'METHOD_NOT_ALLOWED', 'A mutation needs POST.', allowed));
  }
  return outcomeResponse(await service.execute(selected, operation), mediaType);
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  405: 'METHOD_NOT_ALLOWED',
  406: 'BAD_REQUEST',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

const REASON: Readonly<Record<number, string>> = {
  405: 'Use GET or POST.',
  406: 'The response is application/graphql-response+json or application/json, in UTF-8.',
  415: 'The body must be application/json in UTF-8.',
};

function refuse<Context extends object>(
  service: OperationService<Context>,
  { context }: GraphqlRequest<Context>,
  code: ErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  status?: number,
): Response {
  const outcome = service.refusal([new PlatformError(code, message)], context.correlationId);
  return [
    JSON.stringify(outcome.result),
    { status: status ?? outcome.status, statusText: '', headers: { ...headers, 'content-type': JSON_RESPONSE } },
  ];
}

function toResponse({ body, status, headers }: HttpResponse): Response {
  return [body, { status, statusText: '', headers: { ...headers } }];
}

function fromResponse([body, { status, headers }]: Response): HttpResponse {
  return { body: body ?? '', status, headers: { ...headers } };
}

function headerOf(request: Request<unknown, unknown>, name: string): string | undefined {
  const { headers } = request;
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
