import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JsonBody, Operation } from '../providers/model-provider.js';
import { type Admission, admit } from './admission.js';
import { answerStream, frameOf } from './answer-stream.js';
import { authenticate } from './caller.js';
import { finishRequest } from './finish-request.js';
import type { GatewayParts } from './gateway-parts.js';
import { OpenAiError, toOpenAiError } from './openai-error.js';
import { rateHeaders } from './rate-headers.js';
import { parseBody } from './request-bodies.js';
import { TokenTally } from './token-tally.js';
import { ClientGone, NoAnswer, type OpenedAnswer, openAnswer } from './upstream-attempts.js';

const CLAMP_HEADER = 'x-clamp-max-tokens';
/** Shorter than the hold, so that a hold never expires under a request. */
const REQUEST_MILLISECONDS_MAX = 600_000;

/** Serves one model request from its credential to its settlement. */
export async function serveRequest(
  parts: GatewayParts,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  correlationId: string,
): Promise<unknown> {
  const caller = await authenticate(parts.callers, request.headers, {
    correlationId,
    ip: request.ip,
    userAgent: request.headers['user-agent'],
  });
  const body = parseBody(operation, request.body);
  const mayClamp = request.headers[CLAMP_HEADER] === 'true';
  const admission = await admit(parts, { caller, operation, body, mayClamp, correlationId });
  reply.headers(rateHeaders(parts.rates.states(admission.policies)));
  if (admission.clampedTo !== null) reply.header('x-clamped-max-tokens', String(admission.clampedTo));
  const client = clientSignal(reply);
  let opened: OpenedAnswer;
  try {
    opened = await openAnswer(parts, admission, client.signal);
  } catch (error) {
    return failBeforeAnswer(parts, admission, error);
  }
  const { answer } = opened;
  reply.header('openai-processing-ms', String(Math.round(performance.now() - admission.startedAtMilliseconds)));
  if (answer.kind === 'stream') {
    await answerStream(parts, admission, { ...opened, answer }, reply, client);
    return reply;
  }
  return answerWhole(parts, admission, opened, answer.body, client.signal);
}

/** Aborted when the connection closes before the answer is complete, or when the request takes too long altogether. */
function clientSignal(reply: FastifyReply): AbortController {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), REQUEST_MILLISECONDS_MAX);
  timer.unref();
  reply.raw.once('close', () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller;
}

function failBeforeAnswer(parts: GatewayParts, admission: Admission, error: unknown): never {
  const nothing = { target: null, tally: null, firstByteMilliseconds: null };
  if (error instanceof ClientGone) {
    void finishRequest(parts, admission, {
      ...nothing,
      result: 'cancelled',
      errorCode: null,
      attempts: error.attempts,
    });
    throw new OpenAiError(499, 'The client closed the connection.', { code: 'client_closed_request' });
  }
  const shown = error instanceof NoAnswer ? error.shown : toOpenAiError(error);
  void finishRequest(parts, admission, {
    ...nothing,
    result: 'failed',
    errorCode: shown.code,
    attempts: error instanceof NoAnswer ? error.attempts : 1,
  });
  throw error instanceof NoAnswer ? shown : error;
}

function answerWhole(
  parts: GatewayParts,
  admission: Admission,
  opened: OpenedAnswer,
  body: JsonBody,
  client: AbortSignal,
): JsonBody {
  const tally = new TokenTally(opened.target, admission.texts);
  tally.countWhole(body);
  const isGone = client.aborted;
  void finishRequest(parts, admission, {
    attempts: opened.attempts,
    target: opened.target,
    firstByteMilliseconds: opened.firstByteMilliseconds,
    tally: isGone ? null : tally,
    result: isGone ? 'cancelled' : 'succeeded',
    errorCode: null,
  });
  const { inputTokens, outputTokens } = tally.count();
  const isEmbedding = admission.operation === 'embeddings';
  const usage = isEmbedding
    ? { prompt_tokens: inputTokens, total_tokens: inputTokens }
    : { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
  const { system_fingerprint: _fingerprint, ...rest } = body;
  if (isEmbedding) return { ...rest, model: admission.route.name, usage };
  return { ...rest, ...frameOf(admission), usage };
}
