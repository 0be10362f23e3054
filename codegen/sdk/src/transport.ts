import { ControlPlaneError, type GraphQLFault } from './errors.js';
import type { TokenSource } from './tokens.js';

/** A document with its types; what the generator emits. */
export interface TypedDocument<Result, Variables> {
  readonly text: string;
  /** The identifier by which servers know it that trust it: the SHA-256 of its text. */
  readonly id?: string;
  readonly operation: 'query' | 'mutation' | 'subscription';
  readonly name: string;
  /** Never set: carries the types. */
  readonly __types?: (variables: Variables) => Result;
}

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** The first pause; doubled each time, with full jitter. */
  readonly pauseMilliseconds: number;
  readonly pauseMillisecondsMax: number;
}

export const RETRY_POLICY: RetryPolicy = { attempts: 4, pauseMilliseconds: 100, pauseMillisecondsMax: 5000 };

export interface TransportOptions {
  readonly url: string;
  readonly tokens: TokenSource | null;
  readonly retry: RetryPolicy;
  readonly timeoutMilliseconds: number;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly sendsDocumentIds: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Sent as `x-correlation-id`, and found again in errors, events and audit records. */
  readonly correlationId?: string;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFault[];
}

/** The token of one call: a refused one is replaced once. */
export class Bearer {
  readonly #source: TokenSource | null;
  #last: string | null = null;
  #refused: string | null = null;

  constructor(source: TokenSource | null) {
    this.#source = source;
  }

  async token(): Promise<string | null> {
    this.#last = this.#source === null ? null : await this.#source.token(this.#refused);
    return this.#last;
  }

  /** True when the token was refused for the first time and another may be had. */
  refuse(): boolean {
    if (this.#last === null || this.#refused !== null) return false;
    this.#refused = this.#last;
    return true;
  }

  /** Before the present token ends: true when there is another one now. A source that has none is asked again later. */
  async renew(): Promise<boolean> {
    if (this.#source === null || this.#last === null) return false;
    const next = await this.#source.token(this.#last).catch(() => null);
    return next !== null && next !== this.#last;
  }

  /** The present token was accepted: if it is refused later, another may be had again. */
  accept(): void {
    this.#refused = null;
  }
}

/** Sends one query or mutation; retries what may be retried. */
export async function send(
  options: TransportOptions,
  document: TypedDocument<unknown, unknown>,
  variables: unknown,
  call: CallOptions,
): Promise<unknown> {
  const bearer = new Bearer(options.tokens);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(options, document, variables, call, bearer);
    } catch (error) {
      if (!(error instanceof ControlPlaneError)) throw error;
      if (isTokenRefused(error) && bearer.refuse()) {
        // The token was revoked or has just ended: the one try with a new one does not count as an attempt.
        attempt -= 1;
        continue;
      }
      if (attempt >= options.retry.attempts || !mayRetry(error, document, variables)) throw error;
      await pause(error, attempt, options.retry, call.signal);
    }
  }
}

async function sendOnce(
  options: TransportOptions,
  document: TypedDocument<unknown, unknown>,
  variables: unknown,
  call: CallOptions,
  bearer: Bearer,
): Promise<unknown> {
  const limit = AbortSignal.timeout(options.timeoutMilliseconds);
  const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
  const response = await options
    .fetch(options.url, {
      method: 'POST',
      headers: await requestHeaders(options, call, bearer, 'application/graphql-response+json, application/json;q=0.9'),
      body: requestBody(options, document, variables),
      signal,
    })
    .catch((cause: unknown) => {
      if (signal.aborted) throw new ControlPlaneError('The request was given up.', { kind: 'aborted' }, { cause });
      throw new ControlPlaneError('The control plane cannot be reached.', { kind: 'network' }, { cause });
    });
  const correlationId = response.headers.get('x-correlation-id');
  const text = await response.text();
  const answer = parseAnswer(text);
  if (answer === null) {
    const failure = { kind: 'http', status: response.status, body: text.slice(0, 2000) } as const;
    throw Object.assign(
      new ControlPlaneError(`The control plane answered HTTP ${response.status}.`, failure, { correlationId }),
      {
        retryAfter: response.headers.get('retry-after'),
      },
    );
  }
  const [first] = answer.errors ?? [];
  if (first === undefined) return answer.data;
  const failure = {
    kind: 'graphql',
    code: first.extensions?.code ?? 'INTERNAL',
    errors: answer.errors ?? [],
    data: answer.data,
  } as const;
  const error = new ControlPlaneError(first.message, failure, {
    correlationId: first.extensions?.correlationId ?? correlationId,
  });
  throw Object.assign(error, { retryAfter: response.headers.get('retry-after') });
}

export async function requestHeaders(
  options: TransportOptions,
  call: CallOptions,
  bearer: Bearer,
  accept: string,
): Promise<Record<string, string>> {
  const token = await bearer.token();
  return {
    ...options.headers,
    'content-type': 'application/json',
    accept,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(call.correlationId === undefined ? {} : { 'x-correlation-id': call.correlationId }),
  };
}

/** By its identifier if the server is to know it, else by its text. */
export function requestBody(
  { sendsDocumentIds }: TransportOptions,
  { id, name, text }: TypedDocument<unknown, unknown>,
  variables: unknown,
): string {
  const named = sendsDocumentIds && id !== undefined ? { documentId: id } : { query: text };
  return JSON.stringify({ ...named, operationName: name, variables });
}

function parseAnswer(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null) return null;
    return 'data' in answer || 'errors' in answer ? (answer as Answer) : null;
  } catch {
    return null;
  }
}

export function isTokenRefused(error: ControlPlaneError): boolean {
  return ['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_INVALID'].includes(error.code);
}

/** Queries, and mutations that carry an idempotency key: sent again they have the effect once. */
function mayRetry(error: ControlPlaneError, document: TypedDocument<unknown, unknown>, variables: unknown): boolean {
  if (document.operation === 'mutation' && !hasIdempotencyKey(variables)) return false;
  const { failure } = error;
  if (failure.kind === 'network') return true;
  if (failure.kind === 'http') return failure.status === 429 || failure.status >= 502;
  return failure.kind === 'graphql' && failure.errors[0]?.extensions?.retryable === true;
}

function hasIdempotencyKey(variables: unknown): boolean {
  if (typeof variables !== 'object' || variables === null) return false;
  const { idempotencyKey, input } = variables as {
    idempotencyKey?: unknown;
    input?: { idempotencyKey?: unknown } | null;
  };
  return typeof idempotencyKey === 'string' || typeof input?.idempotencyKey === 'string';
}

async function pause(
  error: ControlPlaneError,
  attempt: number,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<void> {
  const asked = Number((error as { retryAfter?: string | null }).retryAfter);
  const ceiling = Math.min(policy.pauseMillisecondsMax, policy.pauseMilliseconds * 2 ** (attempt - 1));
  const wanted = Number.isFinite(asked) && asked > 0 ? asked * 1000 : ceiling * Math.random();
  await sleep(Math.min(wanted, 60_000), signal);
}

export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) throw new ControlPlaneError('The request was given up.', { kind: 'aborted' });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(new ControlPlaneError('The request was given up.', { kind: 'aborted' }));
    };
    function done(): void {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    }
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}
