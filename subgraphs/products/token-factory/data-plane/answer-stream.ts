import { once } from 'node:events';
import type { FastifyReply } from 'fastify';
import type { JsonBody } from '../providers/model-provider.js';
import type { Admission } from './admission.js';
import { type RequestEnd, finishRequest } from './finish-request.js';
import type { GatewayParts } from './gateway-parts.js';
import { OpenAiError } from './openai-error.js';
import { TokenTally } from './token-tally.js';
import type { OpenedAnswer } from './upstream-attempts.js';

const RECHECK_MILLISECONDS = 500;

type OpenedStream = Extract<OpenedAnswer['answer'], { kind: 'stream' }>;

/**
 * Sends a stream as server-sent events: data lines, the finish chunk, the usage chunk with empty `choices` if it was asked
 * for, `[DONE]`. A failure in between is an error event and the end of the connection, without `[DONE]`. Whoever leaves
 * pays for what was handed over. Access that ends, ends the stream.
 */
export async function answerStream(
  parts: GatewayParts,
  admission: Admission,
  opened: OpenedAnswer & { answer: OpenedStream },
  reply: FastifyReply,
  client: AbortController,
): Promise<void> {
  reply.hijack();
  const stream = new EventStreamWriter(reply);
  const tally = new TokenTally(opened.target, admission.texts);
  const facts = {
    attempts: opened.attempts,
    target: opened.target,
    firstByteMilliseconds: opened.firstByteMilliseconds,
  };
  let end: RequestEnd;
  // Silence is the provider's fault, unless it is the client who does not read: then the client is as good as gone.
  const idle = setTimeout(() => (stream.isBlocked ? client.abort() : opened.cancel()), parts.idleMilliseconds);
  try {
    await deliver(admission, opened, { stream, tally, idle, client: client.signal });
    end = { ...facts, tally, result: 'succeeded', errorCode: null };
  } catch (error) {
    const charged = tally.hasDelivered ? tally : null;
    if (client.signal.aborted) end = { ...facts, tally: charged, result: 'cancelled', errorCode: null };
    else {
      const shown = error instanceof OpenAiError ? error : brokenOff(parts, admission, opened, error);
      end = { ...facts, tally: charged, result: 'failed', errorCode: shown.code };
      stream.fail(shown);
    }
    if (client.signal.aborted) stream.cut();
  } finally {
    clearTimeout(idle);
    opened.cancel();
    await opened.answer.rest.return?.().catch(() => {});
  }
  await finishRequest(parts, admission, end);
}

function brokenOff(parts: GatewayParts, admission: Admission, opened: OpenedAnswer, error: unknown): OpenAiError {
  parts.monitor.failed(opened.target.endpoint, error instanceof Error ? error.message : 'the stream broke off');
  parts.kernel.logger.info(
    { endpoint: opened.target.endpoint.id, correlationId: admission.correlationId },
    'a stream of a model provider broke off',
  );
  return new OpenAiError(502, 'The provider broke the stream off. You pay only for what was delivered.', {
    code: 'upstream_error',
  });
}

async function deliver(
  admission: Admission,
  opened: OpenedAnswer & { answer: OpenedStream },
  to: { stream: EventStreamWriter; tally: TokenTally; idle: NodeJS.Timeout; client: AbortSignal },
): Promise<void> {
  const { stream, tally, idle, client } = to;
  const { target, answer } = opened;
  const frame = frameOf(admission);
  let checkedAt = performance.now();
  for (let chunk = answer.first; chunk !== null; chunk = await nextOf(answer.rest)) {
    client.throwIfAborted();
    idle.refresh();
    if (hasChoices(chunk)) {
      await stream.data(shownChunk(chunk, frame, admission.body.includesUsage), client);
      tally.delivered(chunk);
    } else tally.report(chunk);
    admission.ticket.progress({ price: target.price, modelSlug: target.endpoint.model.slug, count: tally.count() });
    if (performance.now() - checkedAt < RECHECK_MILLISECONDS) continue;
    checkedAt = performance.now();
    if (!(await admission.caller.isStillAllowed()))
      throw new OpenAiError(401, 'The credential was revoked.', {
        type: 'authentication_error',
        code: 'invalid_api_key',
      });
  }
  if (admission.body.includesUsage) {
    const { inputTokens, outputTokens } = tally.count();
    const usage = {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    };
    await stream.data({ ...frame, object: objectOf(admission), choices: [], usage }, client);
  }
  stream.done();
}

async function nextOf(rest: AsyncIterator<JsonBody>): Promise<JsonBody | null> {
  const next = await rest.next();
  return next.done === true ? null : next.value;
}

function hasChoices(chunk: JsonBody): boolean {
  return Array.isArray(chunk['choices']) && chunk['choices'].length > 0;
}

interface Frame {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** What every chunk and answer says of itself: our request, the client's own name of the model. */
export function frameOf(admission: Admission): Frame {
  const prefix = admission.operation === 'completions' ? 'cmpl' : 'chatcmpl';
  return {
    id: `${prefix}-${admission.requestId}`,
    created: Math.floor(admission.startedAt.getTime() / 1000),
    model: admission.route.name,
  };
}

function objectOf(admission: Admission): string {
  return admission.operation === 'completions' ? 'text_completion' : 'chat.completion.chunk';
}

function shownChunk(chunk: JsonBody, frame: Frame, includesUsage: boolean): JsonBody {
  const { usage: _usage, system_fingerprint: _fingerprint, ...rest } = chunk;
  return includesUsage ? { ...rest, ...frame, usage: null } : { ...rest, ...frame };
}

/** Writes server-sent events with back-pressure: a slow client slows the provider down instead of filling memory. */
class EventStreamWriter {
  readonly #raw: FastifyReply['raw'];
  /** True while the client does not take what was written. */
  isBlocked = false;

  constructor(reply: FastifyReply) {
    this.#raw = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) this.#raw.setHeader(name, value);
    this.#raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  }

  async data(body: JsonBody, client: AbortSignal): Promise<void> {
    if (this.#raw.write(`data: ${JSON.stringify(body)}\n\n`)) return;
    this.isBlocked = true;
    await once(this.#raw, 'drain', { signal: client });
    this.isBlocked = false;
  }

  done(): void {
    this.#raw.end('data: [DONE]\n\n');
  }

  /** Ends the connection without a word: nobody listens. */
  cut(): void {
    this.#raw.destroy();
  }

  fail(error: OpenAiError): void {
    if (!this.#raw.destroyed) this.#raw.end(`data: ${JSON.stringify(error.body())}\n\n`);
  }
}
