import type { FastifyReply, FastifyRequest } from 'fastify';
import { STREAM_LIMITS, type GatewayOptions } from '../gateway-options.js';
import type { OperationOutcome, OperationService } from '../operation-service.js';
import type { DeliveryStream } from '../streams/delivery-stream.js';
import { announceAt } from '../streams/expiry.js';
import { EVENT_SOURCE_RESULTS, eventSourceOf, expiryComment, partsOf, single } from './event-source.js';
import type { GraphqlRequest } from './graphql-over-http.js';
import { MULTIPART_DEFER, MULTIPART_SUBSCRIPTION } from './multipart.js';
import { JSON_RESPONSE, negotiate, outcomeResponse } from './response.js';
import { writeResponseStream } from './response-stream.js';
import { runStreamed } from './streamed-operation.js';
import type { StreamingAccept } from './streaming-accept.js';

export type StreamingEndpoint<Context> = (
  request: FastifyRequest,
  reply: FastifyReply,
  handled: GraphqlRequest<Context>,
  accepted: StreamingAccept,
) => Promise<void>;

/** Statuses of what was decided about an operation, and the code among them that is no judgement of one. */
const STATUS_OF_OPERATION = new Set([200, 400, 403, 404, 409]);
const NOT_TAKEN = new Set<unknown>(['BAD_REQUEST']);

/** Answers clients that named a way to take an answer in parts: server-sent events, or multipart. */
export function streamingEndpoint<Context extends object>(
  service: OperationService<Context>,
  options: GatewayOptions<Context>,
): StreamingEndpoint<Context> {
  const limits = { ...STREAM_LIMITS, ...options.streamLimits };
  const { heartbeatSeconds } = limits;
  return async (request, reply, handled, accepted) => {
    const headers = { 'x-correlation-id': handled.context.correlationId };
    const outcome = await runStreamed(service, handled, {
      takesStream: accepted.stream !== undefined,
      lastEventId: lastEventId(request),
    });
    if (outcome.kind === 'answer')
      return sendAnswer(request, reply, outcome.outcome, { accepted, headers, heartbeatSeconds });
    reply.hijack();
    if (outcome.kind === 'parts') {
      const format = accepted.parts === 'multipart' ? MULTIPART_DEFER : EVENT_SOURCE_RESULTS;
      return writeResponseStream(reply.raw, { items: partsOf(outcome.parts), format, headers, heartbeatSeconds });
    }
    const { stream } = outcome;
    if (accepted.stream === 'multipart')
      return writeResponseStream(reply.raw, {
        items: stream,
        format: MULTIPART_SUBSCRIPTION,
        headers,
        heartbeatSeconds,
      });
    const forget = announceExpiry(reply, options.expiresAt?.(outcome.context), limits.renewalSeconds);
    try {
      await writeResponseStream(reply.raw, eventSourceStream(stream, reply, { headers, heartbeatSeconds }));
    } finally {
      forget();
    }
  };
}

function eventSourceStream(
  stream: DeliveryStream,
  reply: FastifyReply,
  rest: { headers: Record<string, string>; heartbeatSeconds: number },
) {
  return { items: stream, format: eventSourceOf(stream, reply.raw), ...rest };
}

/** A request that is answered at once. To an event source, what was decided about the operation is an event, not a status. */
async function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: OperationOutcome,
  sending: { accepted: StreamingAccept; headers: Record<string, string>; heartbeatSeconds: number },
): Promise<void> {
  const { accepted, headers, heartbeatSeconds } = sending;
  const code = outcome.result.errors?.[0]?.extensions['code'];
  const isEventSource = accepted.parts === 'event-source';
  if (isEventSource && STATUS_OF_OPERATION.has(outcome.status) && !NOT_TAKEN.has(code)) {
    reply.hijack();
    const items = single<unknown>(outcome.result);
    return writeResponseStream(reply.raw, { items, format: EVENT_SOURCE_RESULTS, headers, heartbeatSeconds });
  }
  const response = outcomeResponse(outcome, isEventSource ? JSON_RESPONSE : negotiate(request.headers.accept));
  const allow = request.method === 'GET' ? 'POST' : 'GET, POST';
  await reply
    .code(response.status)
    .headers({ ...response.headers, ...headers, ...(response.status === 405 ? { allow } : {}) })
    .send(response.body);
}

function lastEventId(request: FastifyRequest): string | undefined {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function announceExpiry(reply: FastifyReply, expiresAt: number | undefined, renewalSeconds: number): () => void {
  return announceAt(expiresAt, renewalSeconds, (at) => {
    if (!reply.raw.closed && !reply.raw.destroyed) reply.raw.write(expiryComment(at));
  });
}
