import { type Agent, type Dispatcher, request } from 'undici';
import { baseUrlFault } from '../domain/provider-address.js';
import {
  type JsonBody,
  type ModelProvider,
  type UpstreamAnswer,
  type UpstreamCall,
  UpstreamFailure,
} from './model-provider.js';
import { eventData } from './server-sent-events.js';

const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
const MESSAGE_CHARACTERS_MAX = 500;

/**
 * Calls any server that speaks OpenAI's API. The key leaves this process only as the authorization header to the base
 * URL; redirects are not followed; nothing of the client's headers is handed on.
 */
export class OpenAiCompatibleProvider implements ModelProvider {
  readonly #agent: Agent;
  readonly #allowsPrivate: boolean;

  constructor(options: { agent: Agent; allowsPrivate: boolean }) {
    this.#agent = options.agent;
    this.#allowsPrivate = options.allowsPrivate;
  }

  async call(call: UpstreamCall): Promise<UpstreamAnswer> {
    const response = await this.#send(call);
    if (response.statusCode !== 200) throw await failureOf(response, call.endpoint.secret);
    if (call.isStreaming) return { kind: 'stream', chunks: readChunks(response) };
    return { kind: 'json', body: await readJson(response) };
  }

  async #send(call: UpstreamCall): Promise<Dispatcher.ResponseData> {
    const { endpoint } = call;
    const fault = baseUrlFault(endpoint.baseUrl ?? '', this.#allowsPrivate);
    if (fault !== null) throw new UpstreamFailure('misconfigured', `the base URL ${fault}`);
    const body = {
      ...call.body,
      model: endpoint.upstreamModel,
      ...(call.isStreaming ? { stream: true, stream_options: streamOptions(call) } : {}),
    };
    try {
      return await request(`${endpoint.baseUrl ?? ''}/${call.operation}`, {
        dispatcher: this.#agent,
        method: 'POST',
        signal: call.signal,
        headers: {
          'content-type': 'application/json',
          accept: call.isStreaming ? 'text/event-stream' : 'application/json',
          'x-request-id': call.correlationId,
          ...(endpoint.secret === null ? {} : { authorization: `Bearer ${endpoint.secret}` }),
        },
        body: JSON.stringify(body),
      });
    } catch (error) {
      call.signal.throwIfAborted();
      throw new UpstreamFailure('unavailable', 'the provider could not be reached', { cause: error });
    }
  }
}

/** Servers of our own app instances (vLLM) also tell the usage so far with each chunk: exact when a client leaves. */
function streamOptions(call: UpstreamCall): JsonBody {
  return call.endpoint.isAppInstance ? { include_usage: true, continuous_usage_stats: true } : { include_usage: true };
}

async function* readChunks(response: Dispatcher.ResponseData): AsyncGenerator<JsonBody> {
  let isFinished = false;
  try {
    for await (const data of eventData(response.body as AsyncIterable<Uint8Array>)) {
      if (data.trim() === '[DONE]') return;
      const chunk = JSON.parse(data) as JsonBody;
      if (chunk['error'] !== undefined)
        throw new UpstreamFailure('broken', 'the provider reported an error in the stream');
      const choices = chunk['choices'] as readonly { finish_reason?: string | null }[] | undefined;
      isFinished ||= choices?.some((choice) => choice.finish_reason != null) === true;
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UpstreamFailure) throw error;
    throw new UpstreamFailure('broken', 'the stream of the provider broke off', { cause: error });
  }
  if (!isFinished) throw new UpstreamFailure('broken', 'the stream of the provider ended early');
}

async function readJson(response: Dispatcher.ResponseData): Promise<JsonBody> {
  try {
    return JSON.parse(await boundedText(response, ANSWER_BYTES_MAX)) as JsonBody;
  } catch (error) {
    throw new UpstreamFailure('broken', 'the answer of the provider could not be read', { cause: error });
  }
}

async function boundedText(response: Dispatcher.ResponseData, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response.body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bytesMax) throw new Error('too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

async function failureOf(response: Dispatcher.ResponseData, secret: string | null): Promise<UpstreamFailure> {
  const { statusCode } = response;
  const text = await boundedText(response, 64 * 1024).catch(() => '');
  if (statusCode === 400 || statusCode === 413 || statusCode === 422)
    return new UpstreamFailure('rejected', safeMessage(text, secret));
  if (statusCode === 429) return new UpstreamFailure('overloaded', 'the provider limits our rate');
  if (statusCode === 408 || statusCode === 504)
    return new UpstreamFailure('timeout', `the provider answered ${statusCode}`);
  const kind = statusCode >= 500 ? 'unavailable' : 'misconfigured';
  return new UpstreamFailure(kind, `the provider answered ${statusCode}`);
}

/** What an upstream says about the caller's fault, without our key should it quote it. */
function safeMessage(text: string, secret: string | null): string {
  let message = 'The provider refused the request.';
  try {
    const said = (JSON.parse(text) as { error?: { message?: unknown } }).error?.message;
    if (typeof said === 'string' && said !== '') message = said;
  } catch {
    // Not JSON: our own words do.
  }
  const clean = secret === null ? message : message.replaceAll(secret, '[redacted]');
  return clean.replace(/\b(sk|gpk)[-_][\w-]{8,}/g, '[redacted]').slice(0, MESSAGE_CHARACTERS_MAX);
}
