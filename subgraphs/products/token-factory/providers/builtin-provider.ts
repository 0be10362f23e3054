import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promptBound, splitWords } from '../domain/tokenizer.js';
import { type BuiltinBehaviour, builtinBehaviour } from './builtin-behaviour.js';
import { inputTexts } from './input-texts.js';
import {
  type JsonBody,
  type ModelProvider,
  type UpstreamAnswer,
  type UpstreamCall,
  UpstreamFailure,
} from './model-provider.js';

const VOCABULARY =
  'lattice ember quartz delta meadow signal harbour orbit copper willow prism anchor violet summit river cobalt'.split(
    ' ',
  );

/**
 * A model in this process, without a network: echoes the last text it was given and goes on with words drawn from a
 * hash of the prompt, so that the same request always has the same answer. Tokens are counted exactly
 * (`builtin_words`). Delays and faults come from the operator's `upstreamModel`, such as `echo?delay_ms=5&break_after=3`;
 * nothing that a client sends causes them.
 */
export class BuiltinProvider implements ModelProvider {
  readonly #calls = new Map<string, number>();

  async call(call: UpstreamCall): Promise<UpstreamAnswer> {
    const behaviour = builtinBehaviour(call.endpoint.upstreamModel);
    const count = (this.#calls.get(call.endpoint.id) ?? 0) + 1;
    this.#calls.set(call.endpoint.id, count);
    await this.#beginning(behaviour, count, call.signal);
    if (call.operation === 'embeddings') return { kind: 'json', body: embeddings(call.body) };
    const reply = composeReply(call, behaviour);
    if (call.isStreaming) return { kind: 'stream', chunks: streamReply(call, reply, behaviour) };
    for (let index = 0; index < reply.tokens.length; index += 1) await pause(behaviour.delayMilliseconds, call.signal);
    return { kind: 'json', body: wholeReply(call, reply) };
  }

  async #beginning(behaviour: BuiltinBehaviour, count: number, signal: AbortSignal): Promise<void> {
    if (behaviour.hangs) await pause(3_600_000, signal);
    await pause(behaviour.firstDelayMilliseconds, signal);
    if (behaviour.fails || count <= behaviour.failingCalls)
      throw new UpstreamFailure('unavailable', 'the built-in model was told to fail');
  }
}

interface Reply {
  readonly tokens: readonly string[];
  readonly finishReason: 'stop' | 'length';
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
}

function composeReply(call: UpstreamCall, behaviour: BuiltinBehaviour): Reply {
  const texts = inputTexts(call.operation, call.body);
  const limit = Number(call.body['max_tokens']);
  const wanted = replyTokens(texts, behaviour.tokens, limit);
  const tokens = wanted.slice(0, limit);
  const promptTokens = promptBound('builtin_words', texts);
  return {
    tokens,
    finishReason: tokens.length < wanted.length ? 'length' : 'stop',
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: tokens.length,
      total_tokens: promptTokens + tokens.length,
    },
  };
}

function replyTokens(texts: readonly string[], exactly: number | null, limit: number): string[] {
  const echo = splitWords(`You said: ${texts.at(-1) ?? ''}`.trimEnd());
  if (exactly === null) return echo;
  const tokens = echo.slice(0, exactly);
  const seed = createHash('sha256').update(texts.join('\0')).digest();
  while (tokens.length < Math.min(exactly, limit + 1)) {
    const word =
      VOCABULARY[((seed[tokens.length % seed.length] ?? 0) + tokens.length) % VOCABULARY.length] ?? 'lattice';
    tokens.push(tokens.length === 0 ? word : ` ${word}`);
  }
  return tokens;
}

function wholeReply(call: UpstreamCall, reply: Reply): JsonBody {
  const text = reply.tokens.join('');
  const choice =
    call.operation === 'completions'
      ? { text, logprobs: null }
      : { message: { role: 'assistant', content: text, refusal: null }, logprobs: null };
  return {
    id: 'builtin',
    object: call.operation === 'completions' ? 'text_completion' : 'chat.completion',
    created: 0,
    model: 'builtin',
    choices: [{ index: 0, ...choice, finish_reason: reply.finishReason }],
    usage: reply.usage,
  };
}

async function* streamReply(call: UpstreamCall, reply: Reply, behaviour: BuiltinBehaviour): AsyncGenerator<JsonBody> {
  const isChat = call.operation === 'chat/completions';
  const frame = {
    id: 'builtin',
    object: isChat ? 'chat.completion.chunk' : 'text_completion',
    created: 0,
    model: 'builtin',
  };
  const choice = (text: string | null, finishReason: string | null): JsonBody => {
    const content = isChat ? { delta: text === null ? {} : { content: text } } : { text: text ?? '' };
    return { ...frame, choices: [{ index: 0, ...content, logprobs: null, finish_reason: finishReason }] };
  };
  if (isChat)
    yield {
      ...frame,
      choices: [
        { index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null },
      ],
    };
  for (const [index, token] of reply.tokens.entries()) {
    if (behaviour.breaksAfter === index)
      throw new UpstreamFailure('broken', 'the built-in model was told to break off');
    await pause(behaviour.delayMilliseconds, call.signal);
    yield choice(token, null);
  }
  yield choice(null, reply.finishReason);
  yield { ...frame, choices: [], usage: reply.usage };
}

function embeddings(body: JsonBody): JsonBody {
  const texts = inputTexts('embeddings', body);
  const dimensions = Number(body['dimensions'] ?? 64);
  const promptTokens = promptBound('builtin_words', texts);
  return {
    object: 'list',
    model: 'builtin',
    data: texts.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: encode(vectorOf(text, dimensions), body['encoding_format']),
    })),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  };
}

/** A unit vector drawn from a hash of the text. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  let block = createHash('sha256').update(text).digest();
  for (let index = 0; index < dimensions; index += 1) {
    if (index > 0 && index % 8 === 0) block = createHash('sha256').update(block).digest();
    vector[index] = block.readInt32LE((index % 8) * 4) / 2 ** 31;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

function encode(vector: Float32Array, format: unknown): string | number[] {
  if (format !== 'base64') return [...vector];
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal });
}
