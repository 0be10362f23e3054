import { ControlPlaneError, type GraphQLFault } from './errors.js';
import { readEventSource } from './event-source.js';
import {
  Bearer,
  type CallOptions,
  type TransportOptions,
  type TypedDocument,
  isTokenRefused,
  requestBody,
  requestHeaders,
  sleep,
} from './transport.js';

/** What every event of a stream has; documents must select `cursor` and should select `gap`. */
export interface StreamedEvent {
  readonly cursor: string;
  readonly gap?: unknown;
}

export interface StreamOptions extends CallOptions {
  /** Continue after this cursor; without it the stream begins with what happens from now on. */
  readonly after?: string | null;
  /** Called whenever the connection was lost and is made again. */
  readonly onReconnect?: (error: ControlPlaneError, cursor: string | null) => void;
  /** Come back when nothing, not even a heartbeat, was heard for so long; 45 s unless given, three of the server's heartbeats. */
  readonly silenceMillisecondsMax?: number;
  /** Called once the server has accepted the stream: what happens from then on is not missed. */
  readonly onOpen?: () => void;
}

const SILENCE_MILLISECONDS_MAX = 45_000;

/** Codes after which coming back would meet the same answer. */
const FINAL = new Set([
  'FORBIDDEN',
  'NOT_FOUND',
  'ACCESS_REVOKED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'QUERY_TOO_COMPLEX',
  'STEP_UP_REQUIRED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_DOCUMENT_REQUIRED',
]);

/** What a connection gives: an event; where the stream stands though no event came; or that it is to be made again. */
type Item<Event> =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'position'; readonly cursor: string }
  | { readonly kind: 'renewed' };

/**
 * Streams the single root field of a subscription over server-sent events. Keeps the last cursor, and comes back by itself
 * after a lost connection, an ended token or a restarted server, with what it missed: also when it was lost before its
 * first event, for the server tells where it begins. When the server announces the end of the token, it goes on with
 * another one before. A gap is an ordinary event whose `gap` is set. Ends when the caller stops, or with an error that
 * coming back cannot mend.
 */
export async function* stream<Event extends StreamedEvent>(
  options: TransportOptions,
  document: TypedDocument<unknown, unknown>,
  variables: Readonly<Record<string, unknown>>,
  call: StreamOptions,
): AsyncGenerator<Event, void, undefined> {
  let cursor = call.after ?? null;
  let failures = 0;
  const bearer = new Bearer(options.tokens);
  for (;;) {
    try {
      let isRenewed = false;
      for await (const item of connect<Event>(options, document, { ...variables, after: cursor }, call, bearer)) {
        isRenewed = item.kind === 'renewed';
        if (item.kind === 'position') cursor = item.cursor;
        if (item.kind !== 'event') continue;
        failures = 0;
        bearer.accept();
        // Not before the caller took it: a cursor must never run ahead of what was seen.
        yield item.event;
        cursor = item.event.cursor;
      }
      if (isRenewed) continue;
      throw new ControlPlaneError('The stream ended.', { kind: 'network' });
    } catch (error) {
      cursor = lastCursorOf(error) ?? cursor;
      if (!(error instanceof ControlPlaneError) || call.signal?.aborted === true || FINAL.has(error.code)) throw error;
      const isRenewed = isTokenRefused(error) && bearer.refuse();
      if (isTokenRefused(error) && !isRenewed) throw error;
      failures += 1;
      call.onReconnect?.(error, cursor);
      const { pauseMilliseconds, pauseMillisecondsMax } = options.retry;
      const ceiling = Math.min(pauseMillisecondsMax, pauseMilliseconds * 2 ** Math.min(failures, 10));
      if (!isRenewed) await sleep(ceiling * Math.random(), call.signal);
    }
  }
}

async function* connect<Event>(
  options: TransportOptions,
  document: TypedDocument<unknown, unknown>,
  variables: Readonly<Record<string, unknown>>,
  call: StreamOptions,
  bearer: Bearer,
): AsyncGenerator<Item<Event>, void, undefined> {
  const leaving = new AbortController();
  const signal = call.signal === undefined ? leaving.signal : AbortSignal.any([call.signal, leaving.signal]);
  const patience = setTimeout(() => leaving.abort(), options.timeoutMilliseconds);
  try {
    const response = await options
      .fetch(options.url, {
        method: 'POST',
        headers: await requestHeaders(options, call, bearer, 'text/event-stream'),
        body: requestBody(options, document, variables),
        signal,
      })
      .catch((cause: unknown) => {
        throw new ControlPlaneError(
          'The control plane cannot be reached.',
          { kind: call.signal?.aborted === true ? 'aborted' : 'network' },
          { cause },
        );
      });
    if (
      !response.ok ||
      response.body === null ||
      !(response.headers.get('content-type') ?? '').includes('text/event-stream')
    ) {
      throw await refused(response);
    }
    clearTimeout(patience);
    call.onOpen?.();
    yield* results<Event>(response.body, call.silenceMillisecondsMax ?? SILENCE_MILLISECONDS_MAX, bearer);
  } finally {
    clearTimeout(patience);
    leaving.abort();
  }
}

async function* results<Event>(
  body: ReadableStream<Uint8Array>,
  silenceMillisecondsMax: number,
  bearer: Bearer,
): AsyncGenerator<Item<Event>, void, undefined> {
  const source = readEventSource(body, silenceMillisecondsMax);
  for (;;) {
    const { value, done } = await source.next().catch((cause: unknown) => {
      throw new ControlPlaneError('The connection was lost.', { kind: 'network' }, { cause });
    });
    if (done === true || (value.kind === 'event' && value.event === 'complete')) return;
    if (value.kind === 'comment') {
      if (!value.text.startsWith('credential-expires') || !(await bearer.renew())) continue;
      yield { kind: 'renewed' };
      return;
    }
    if (value.data === null && value.id !== null) yield { kind: 'position', cursor: value.id };
    if (value.event === 'next' && value.data !== null) yield { kind: 'event', event: eventOf(value.data) as Event };
  }
}

function eventOf(text: string): unknown {
  const result = JSON.parse(text) as {
    data?: Record<string, unknown> | null;
    errors?: readonly GraphQLFault[];
  };
  const event = Object.values(result.data ?? {})[0] ?? null;
  // An event with faults in some fields is still an event; without data the stream has nothing to go on with.
  if (event === null) throw failed(result.errors ?? []);
  return event;
}

/** Where a stream that the server ended stood: everything before was told. */
function lastCursorOf(error: unknown): string | undefined {
  if (!(error instanceof ControlPlaneError) || error.failure.kind !== 'graphql') return undefined;
  const lastCursor = error.failure.errors[0]?.extensions?.['lastCursor'];
  return typeof lastCursor === 'string' ? lastCursor : undefined;
}

function failed(errors: readonly GraphQLFault[]): ControlPlaneError {
  const [first] = errors;
  const failure = { kind: 'graphql', code: first?.extensions?.code ?? 'INTERNAL', errors, data: null } as const;
  return new ControlPlaneError(first?.message ?? 'The stream failed.', failure, {
    correlationId: first?.extensions?.correlationId ?? null,
  });
}

async function refused(response: Response): Promise<ControlPlaneError> {
  const text = await response.text();
  try {
    const answer = JSON.parse(text) as { errors?: readonly GraphQLFault[] };
    if (answer.errors !== undefined) return failed(answer.errors);
  } catch {
    // Not GraphQL: told as it is.
  }
  return new ControlPlaneError(`The control plane answered HTTP ${response.status}.`, {
    kind: 'http',
    status: response.status,
    body: text.slice(0, 2000),
  });
}
