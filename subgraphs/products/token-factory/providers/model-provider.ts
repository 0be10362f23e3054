import type { ServingEndpoint } from '../data-plane/model-snapshot.js';

/** Operations of the OpenAI-compatible API that reach a provider, by their path below `/v1`. */
export type Operation = 'chat/completions' | 'completions' | 'embeddings';

export type JsonBody = Readonly<Record<string, unknown>>;

export interface UpstreamCall {
  readonly endpoint: ServingEndpoint;
  readonly operation: Operation;
  /** The body in OpenAI's form; `model` is set by the provider to what the upstream calls it. */
  readonly body: JsonBody;
  readonly isStreaming: boolean;
  readonly correlationId: string;
  /** Aborted when the client left or a deadline passed: the upstream's work is cancelled. */
  readonly signal: AbortSignal;
}

/** What an upstream answers, in OpenAI's form. Streams end by themselves only when they are complete. */
export type UpstreamAnswer =
  | { readonly kind: 'json'; readonly body: JsonBody }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<JsonBody> };

export interface ModelProvider {
  /** Throws {@link UpstreamFailure} when there is no answer, also from within the stream. */
  call(call: UpstreamCall): Promise<UpstreamAnswer>;
}

/**
 * Why an upstream gave no (complete) answer. `rejected` is the caller's fault and is told to it; all others are the
 * provider's and may be retried elsewhere before the first byte.
 */
export type FailureKind = 'unavailable' | 'timeout' | 'overloaded' | 'misconfigured' | 'broken' | 'rejected';

export class UpstreamFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UpstreamFailure';
  }
}
