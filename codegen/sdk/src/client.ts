import { type StreamOptions, type StreamedEvent, stream } from './stream.js';
import { type TokenSource, staticToken } from './tokens.js';
import {
  type CallOptions,
  RETRY_POLICY,
  type RetryPolicy,
  type TransportOptions,
  type TypedDocument,
  send,
} from './transport.js';

export interface ClientOptions {
  /** The endpoint, such as `https://control.example.com/graphql`. */
  readonly url: string;
  /** A token, or where tokens come from: `serviceAccount({…})`. Without one, requests are anonymous. */
  readonly token?: string | TokenSource;
  readonly retry?: Partial<RetryPolicy>;
  readonly timeoutMilliseconds?: number;
  readonly fetch?: typeof fetch;
  readonly headers?: Readonly<Record<string, string>>;
  /** Send the identifiers of documents instead of their texts: for servers that trust the documents of this SDK. */
  readonly sendsDocumentIds?: boolean;
}

/** Calls the control plane with typed documents. */
export class ControlPlane {
  readonly #transport: TransportOptions;

  constructor(options: ClientOptions) {
    const { token } = options;
    this.#transport = {
      url: options.url,
      tokens: token === undefined ? null : typeof token === 'string' ? staticToken(token) : token,
      retry: { ...RETRY_POLICY, ...options.retry },
      timeoutMilliseconds: options.timeoutMilliseconds ?? 30_000,
      fetch: options.fetch ?? ((...parameters) => fetch(...parameters)),
      headers: options.headers ?? {},
      sendsDocumentIds: options.sendsDocumentIds ?? false,
    };
  }

  /** Runs a query or a mutation. Throws `ControlPlaneError`; refusals of a mutation are in its `userErrors`. */
  async request<Result, Variables>(
    document: TypedDocument<Result, Variables>,
    variables: Variables,
    call: CallOptions = {},
  ): Promise<Result> {
    return (await send(this.#transport, document as TypedDocument<unknown, unknown>, variables, call)) as Result;
  }

  /** Streams the events of a subscription; see {@link stream}. The cursor is kept and handed on by itself. */
  stream<Result extends Record<string, unknown>, Variables>(
    document: TypedDocument<Result, Variables>,
    variables: Omit<Variables, 'after'>,
    call: StreamOptions = {},
  ): AsyncGenerator<RootField<Result>, void, undefined> {
    return stream<RootField<Result>>(
      this.#transport,
      document as TypedDocument<unknown, unknown>,
      { ...variables },
      call,
    );
  }
}

/** The type of a subscription's single root field. */
export type RootField<Result> = Extract<NonNullable<Result[Exclude<keyof Result, '__typename'>]>, StreamedEvent>;
