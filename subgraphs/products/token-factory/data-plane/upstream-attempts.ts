import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonBody, UpstreamFailure } from '../providers/model-provider.js';
import type { Admission } from './admission.js';
import type { PricedTarget } from './candidate-targets.js';
import type { GatewayParts } from './gateway-parts.js';
import { OpenAiError, unavailable } from './openai-error.js';

const ATTEMPTS_MAX = 3;
const BACKOFF_MILLISECONDS = 50;

/** An upstream that has begun to answer. From here on there is no other try. */
export interface OpenedAnswer {
  readonly target: PricedTarget;
  readonly attempts: number;
  readonly firstByteMilliseconds: number;
  /** Cancels the upstream's work: what it has not sent is lost. */
  readonly cancel: () => void;
  readonly answer:
    | { readonly kind: 'json'; readonly body: JsonBody }
    | { readonly kind: 'stream'; readonly first: JsonBody | null; readonly rest: AsyncIterator<JsonBody> };
}

/** The client went away before there was an answer. */
export class ClientGone extends Error {
  constructor(readonly attempts: number) {
    super('the client went away');
    this.name = 'ClientGone';
  }
}

/** No target answered. Carries how many were tried, for the request log. */
export class NoAnswer extends Error {
  constructor(
    readonly shown: OpenAiError,
    readonly attempts: number,
  ) {
    super(shown.message);
    this.name = 'NoAnswer';
  }
}

/**
 * Tries the targets in order until one answers its first byte; a route with one target tries it twice. Targets whose
 * circuit is open are passed over. A refusal of the request itself is final: no other provider is asked.
 */
export async function openAnswer(
  parts: GatewayParts,
  admission: Admission,
  client: AbortSignal,
): Promise<OpenedAnswer> {
  const [only] = admission.targets;
  const order = admission.targets.length === 1 && only !== undefined ? [only, only] : admission.targets;
  let attempts = 0;
  for (const target of order) {
    if (attempts >= ATTEMPTS_MAX) break;
    if (!parts.monitor.admits(target.endpoint)) continue;
    if (attempts > 0)
      await sleep(BACKOFF_MILLISECONDS * attempts * parts.random(), undefined, { signal: client }).catch(() => {});
    attempts += 1;
    try {
      return { ...(await attempt(parts, admission, target, client)), target, attempts };
    } catch (error) {
      if (client.aborted) {
        parts.monitor.abandoned(target.endpoint);
        throw new ClientGone(attempts);
      }
      if (!(error instanceof UpstreamFailure)) {
        parts.monitor.abandoned(target.endpoint);
        throw error;
      }
      if (error.kind === 'rejected') {
        parts.monitor.succeeded(target.endpoint, 0);
        throw new NoAnswer(new OpenAiError(400, error.message, { code: 'upstream_rejected' }), attempts);
      }
      parts.monitor.failed(target.endpoint, `${error.kind}: ${error.message}`);
      parts.kernel.logger.info(
        { endpoint: target.endpoint.id, kind: error.kind, correlationId: admission.correlationId, attempts },
        'a model provider did not answer',
      );
    }
  }
  throw new NoAnswer(
    unavailable(`No provider of the model '${admission.route.name}' answered.`, 'provider_unavailable'),
    attempts,
  );
}

async function attempt(
  parts: GatewayParts,
  admission: Admission,
  target: PricedTarget,
  client: AbortSignal,
): Promise<Omit<OpenedAnswer, 'target' | 'attempts'>> {
  const deadline = new AbortController();
  const patience = admission.body.isStreaming ? parts.firstByteMilliseconds : parts.wholeMilliseconds;
  const timer = setTimeout(() => deadline.abort(), patience);
  const startedAt = performance.now();
  const { body, operation, correlationId } = admission;
  try {
    const answer = await parts.providers[target.endpoint.kind].call({
      endpoint: target.endpoint,
      operation,
      body:
        target.outputTokens > 0
          ? { ...body.forwarded, [limitName(admission, target)]: target.outputTokens }
          : body.forwarded,
      isStreaming: body.isStreaming,
      correlationId,
      signal: AbortSignal.any([client, deadline.signal]),
    });
    const opened = answer.kind === 'json' ? answer : await openStream(answer.chunks);
    const firstByteMilliseconds = performance.now() - startedAt;
    parts.monitor.succeeded(target.endpoint, firstByteMilliseconds);
    return { answer: opened, firstByteMilliseconds, cancel: () => deadline.abort() };
  } catch (error) {
    if (deadline.signal.aborted && !client.aborted)
      throw new UpstreamFailure('timeout', 'the provider took too long', { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Providers differ in which name of the limit they know: the caller's goes to them, the built-in model knows the old one. */
function limitName(admission: Admission, target: PricedTarget): string {
  return target.endpoint.kind === 'builtin' ? 'max_tokens' : admission.body.maxOutputParam;
}

async function openStream(chunks: AsyncIterable<JsonBody>): Promise<OpenedAnswer['answer']> {
  const rest = chunks[Symbol.asyncIterator]();
  const first = await rest.next();
  return { kind: 'stream', first: first.done === true ? null : first.value, rest };
}
