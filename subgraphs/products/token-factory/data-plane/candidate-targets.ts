import { promptBound, promptEstimate } from '../domain/tokenizer.js';
import type { TokenCount, TokenPrice } from '../domain/token-price.js';
import type { Operation } from '../providers/model-provider.js';
import type { Caller } from './caller.js';
import { auditDenial } from './denial-audit.js';
import type { GatewayParts } from './gateway-parts.js';
import type { ServedPolicy, ServedRoute, ServedTarget } from './model-snapshot.js';
import { OpenAiError, invalidParameter, unavailable } from './openai-error.js';
import type { ParsedBody } from './request-bodies.js';

/** A target with what a token costs there, and the most tokens that this request can use there. */
export interface PricedTarget extends ServedTarget {
  readonly price: TokenPrice;
  /** Upper bound of the prompt: never more than the context window, whatever the text. */
  readonly inputBound: number;
  /** What the prompt comes to, exactly or by estimate, for limits that customers set. */
  readonly inputEstimate: number;
  /** Upper bound of the answer; 0 for embeddings. */
  readonly outputTokens: number;
}

export function boundOf(target: PricedTarget): TokenCount {
  return { inputTokens: target.inputBound, outputTokens: target.outputTokens };
}

export function outputLimit(target: PricedTarget): number {
  return target.outputTokens;
}

interface CandidateRequest {
  readonly caller: Caller;
  readonly operation: Operation;
  readonly body: ParsedBody;
  readonly route: ServedRoute;
  readonly policies: readonly ServedPolicy[];
  readonly texts: readonly string[];
  readonly correlationId: string;
}

/** The route's targets that this caller may use, can use now, and has a price for. */
export async function candidateTargets(parts: GatewayParts, request: CandidateRequest): Promise<PricedTarget[]> {
  const { route, policies, caller, operation, texts } = request;
  const reachable = route.targets.filter(
    ({ endpoint }) => endpoint.projectId === null || endpoint.projectId === caller.place.projectId,
  );
  if (reachable.length === 0)
    throw unavailable(`No endpoint of the model '${route.name}' is ready.`, 'provider_unavailable');
  const allowed = reachable.filter(({ endpoint }) =>
    policies.every((policy) => policy.allowedModels?.has(endpoint.model.slug) ?? true),
  );
  if (allowed.length === 0) {
    await auditDenial(parts, request, { routeId: route.id, reasonCode: 'MODEL_NOT_ALLOWED', model: route.name });
    throw new OpenAiError(403, `The model '${route.name}' is not on the allow-list of this project or key.`, {
      type: 'permission_error',
      code: 'model_not_allowed',
      param: 'model',
    });
  }
  const modality = operation === 'embeddings' ? 'embedding' : 'text';
  const fitting = allowed.filter(({ endpoint }) => endpoint.model.modality === modality);
  if (fitting.length === 0)
    throw invalidParameter(
      'model',
      `The model '${route.name}' does not serve /v1/${operation}.`,
      'unsupported_operation',
    );
  const priced: PricedTarget[] = [];
  for (const target of fitting) {
    const { model } = target.endpoint;
    const asked = parts.prices.price(caller.place.organizationId, model);
    const price = asked instanceof Promise ? await asked : asked;
    if (price === null) continue;
    priced.push({
      ...target,
      price,
      inputBound: Math.min(promptBound(model.tokenizer, texts), model.contextWindowTokens),
      inputEstimate: promptEstimate(model.tokenizer, texts),
      outputTokens: model.maxOutputTokens,
    });
  }
  if (priced.length === 0)
    throw unavailable(`The model '${route.name}' has no price in force; nothing runs without one.`, 'price_unknown');
  return priced;
}

/** Applies context windows, policies and `max_tokens`; keeps the targets that can serve the request in full. */
export function limitTargets(
  targets: readonly PricedTarget[],
  body: ParsedBody,
  options: { policies: readonly ServedPolicy[]; mayClamp: boolean },
): PricedTarget[] {
  const maxInput = Math.min(...options.policies.map((policy) => policy.maxInputTokens ?? Number.MAX_SAFE_INTEGER));
  const maxOutput = Math.min(...options.policies.map((policy) => policy.maxOutputTokens ?? Number.MAX_SAFE_INTEGER));
  const prompt =
    body.forwarded['messages'] !== undefined ? 'messages' : body.forwarded['prompt'] !== undefined ? 'prompt' : 'input';
  const least = Math.min(...targets.map((target) => target.inputEstimate));
  if (least > maxInput)
    throw invalidParameter(
      prompt,
      `The prompt has about ${least} tokens; at most ${maxInput} are allowed here.`,
      'max_input_exceeded',
    );
  const fitting = targets.filter(
    (target) => target.inputEstimate + (target.outputTokens === 0 ? 0 : 1) <= target.endpoint.model.contextWindowTokens,
  );
  const window = Math.max(...targets.map((target) => target.endpoint.model.contextWindowTokens));
  if (fitting.length === 0) {
    throw invalidParameter(
      prompt,
      `The context window is ${window} tokens; the prompt has about ${least}.`,
      'context_length_exceeded',
    );
  }
  const limited = fitting.map((target) => ({
    ...target,
    outputTokens: roomFor(target, Math.min(target.outputTokens, maxOutput)),
  }));
  const wanted = body.maxOutputTokens;
  if (wanted === null) {
    const some = limited.filter((target) => target.outputTokens > 0 || target.endpoint.model.modality === 'embedding');
    if (some.length === 0)
      throw invalidParameter(body.maxOutputParam, 'No output tokens are allowed here.', 'max_output_exceeded');
    return some;
  }
  const able = limited.filter((target) => target.outputTokens >= wanted);
  if (able.length > 0) return able.map((target) => ({ ...target, outputTokens: wanted }));
  const most = Math.max(...limited.map((target) => target.outputTokens));
  if (!options.mayClamp || most < 1) {
    throw invalidParameter(
      body.maxOutputParam,
      `At most ${most} output tokens are possible here; ${wanted} were asked for.`,
      'max_output_exceeded',
    );
  }
  return limited.filter((target) => target.outputTokens > 0);
}

/** Where tokens are counted exactly, prompt and answer share the context window. */
function roomFor(target: PricedTarget, outputTokens: number): number {
  const { model } = target.endpoint;
  if (model.tokenizer !== 'builtin_words') return outputTokens;
  return Math.min(outputTokens, model.contextWindowTokens - target.inputBound);
}
