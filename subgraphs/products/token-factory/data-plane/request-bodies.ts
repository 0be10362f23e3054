import { z } from 'zod';
import type { JsonBody, Operation } from '../providers/model-provider.js';
import { type OpenAiError, invalidParameter } from './openai-error.js';

/**
 * What clients may send. Everything that reaches a provider is named here: an unknown parameter is refused, because one
 * that we do not know could cost what was not held (`n`, `best_of`).
 */
const fraction = (least: number, most: number): z.ZodType => z.number().min(least).max(most).nullish();
const textPart = z.object({ type: z.literal('text', 'only text parts are supported'), text: z.string() });
const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(textPart).min(1)]).nullish(),
  name: z.string().max(256).optional(),
});
const outputLimit = z.int().min(1, 'must be at least 1').nullish();
const streaming = {
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
};
const sampling = {
  temperature: fraction(0, 2),
  top_p: fraction(0, 1),
  presence_penalty: fraction(-2, 2),
  frequency_penalty: fraction(-2, 2),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  user: z.string().max(512).optional(),
  n: z.literal(1, 'must be 1').nullish(),
};
const model = z.string().min(1, 'must not be empty').max(256, 'must have at most 256 characters');

const chat = z.strictObject({
  model,
  messages: z.array(message).min(1, 'must hold at least one message').max(4096, 'must hold at most 4096 messages'),
  max_tokens: outputLimit,
  max_completion_tokens: outputLimit,
  ...streaming,
  ...sampling,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  tools: z
    .array(z.looseObject({ type: z.string() }))
    .max(256)
    .optional(),
  tool_choice: z.union([z.string(), z.looseObject({})]).optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: z.looseObject({ type: z.string() }).optional(),
  reasoning_effort: z.string().max(16).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.literal(false, 'nothing is stored here').nullish(),
});

const completion = z.strictObject({
  model,
  prompt: z.union([z.string(), z.tuple([z.string()])], 'must be a string'),
  max_tokens: outputLimit,
  ...streaming,
  ...sampling,
  echo: z.literal(false, 'is not supported').nullish(),
  best_of: z.literal(1, 'must be 1').nullish(),
  logprobs: z.int().min(0).max(5).nullish(),
});

const embedding = z.strictObject({
  model,
  input: z.union(
    [z.string().min(1, 'must not be empty'), z.array(z.string().min(1, 'must not be empty')).min(1).max(2048)],
    'must be a string or a list of strings',
  ),
  dimensions: z.int().min(1).max(8192).optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
  user: z.string().max(512).optional(),
});

const SCHEMAS = { 'chat/completions': chat, completions: completion, embeddings: embedding } as const;

export interface ParsedBody {
  readonly model: string;
  readonly isStreaming: boolean;
  readonly includesUsage: boolean;
  /** What the caller allows as output; null when it did not say. */
  readonly maxOutputTokens: number | null;
  /** Name of the parameter that said so, for errors. */
  readonly maxOutputParam: string;
  /** What goes to the provider, without `model`, `stream` and limits: the gateway sets those. */
  readonly forwarded: JsonBody;
}

/** Fields that the gateway decides or keeps to itself. */
const OWN = new Set([
  'model',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'metadata',
  'store',
  'user',
  'n',
  'best_of',
  'echo',
]);

/** Parses a body; throws 400 naming the first parameter at fault. */
export function parseBody(operation: Operation, raw: unknown): ParsedBody {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw invalidParameter(null, 'The body must be a JSON object.');
  const parsed = SCHEMAS[operation].safeParse(raw);
  if (!parsed.success) throw faultOf(parsed.error.issues[0]);
  const body: Readonly<Record<string, unknown>> = parsed.data;
  const usesNewName = body['max_completion_tokens'] != null;
  const limit = body['max_completion_tokens'] ?? body['max_tokens'] ?? null;
  return {
    model: String(body['model']),
    isStreaming: body['stream'] === true,
    includesUsage: (body['stream_options'] as { include_usage?: boolean } | null | undefined)?.include_usage === true,
    maxOutputTokens: limit as number | null,
    maxOutputParam: usesNewName ? 'max_completion_tokens' : 'max_tokens',
    forwarded: Object.fromEntries(Object.entries(body).filter(([name, value]) => value != null && !OWN.has(name))),
  };
}

function faultOf(issue: z.core.$ZodIssue | undefined): OpenAiError {
  if (issue === undefined) return invalidParameter(null, 'The body has a fault.');
  const deepest = deepestIssue(issue);
  if (deepest.issue.code === 'unrecognized_keys') {
    const param = pathOf([...deepest.path, deepest.issue.keys[0] ?? '']);
    return invalidParameter(param, `Unrecognized request argument supplied: ${param}`, 'unknown_parameter');
  }
  const param = pathOf(deepest.path);
  return invalidParameter(param, `Invalid '${param}': ${deepest.issue.message}`, 'invalid_value');
}

/** Within a union, the alternative that came furthest tells the most. */
function deepestIssue(
  issue: z.core.$ZodIssue,
  above: readonly PropertyKey[] = [],
): { issue: z.core.$ZodIssue; path: PropertyKey[] } {
  const path = [...above, ...issue.path];
  if (issue.code !== 'invalid_union') return { issue, path };
  const candidates = issue.errors.flatMap((issues) => issues.slice(0, 1)).map((inner) => deepestIssue(inner, path));
  const deepest = candidates.toSorted((a, b) => b.path.length - a.path.length)[0];
  return deepest !== undefined && deepest.path.length > path.length ? deepest : { issue, path };
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
}
