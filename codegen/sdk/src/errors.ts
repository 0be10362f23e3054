/** One entry of a GraphQL response's `errors`. */
export interface GraphQLFault {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly code?: string;
    readonly correlationId?: string;
    readonly retryable?: boolean;
    readonly [key: string]: unknown;
  };
}

/** What went wrong, as a discriminated union: switch over `kind`. */
export type ControlPlaneFailure =
  /** The platform answered with errors; `code` is of the first. `data` is what was answered beside them. */
  | {
      readonly kind: 'graphql';
      readonly code: string;
      readonly errors: readonly GraphQLFault[];
      readonly data: unknown;
    }
  /** No GraphQL came back: a proxy, an overloaded or stopped server. */
  | { readonly kind: 'http'; readonly status: number; readonly body: string }
  /** No answer at all. */
  | { readonly kind: 'network' }
  /** The token endpoint refused (RFC 6749, section 5.2). */
  | { readonly kind: 'token'; readonly error: string }
  /** It took longer than the caller allows, or the caller gave up. */
  | { readonly kind: 'aborted' };

export class ControlPlaneError extends Error {
  readonly failure: ControlPlaneFailure;
  /** Quote it to the operator: it finds the request in logs and in the audit log. */
  readonly correlationId: string | null;

  constructor(
    message: string,
    failure: ControlPlaneFailure,
    options: { correlationId?: string | null; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ControlPlaneError';
    this.failure = failure;
    this.correlationId = options.correlationId ?? null;
  }

  /** The platform's code when it answered, else the kind of failure in capitals. */
  get code(): string {
    return this.failure.kind === 'graphql' ? this.failure.code : this.failure.kind.toUpperCase();
  }
}

/** A mutation was refused: its `userErrors`, thrown by {@link unwrap}. */
export class RefusedError extends Error {
  readonly userErrors: readonly UserErrorLike[];

  constructor(userErrors: readonly UserErrorLike[]) {
    super(userErrors.map((error) => `${error.code}: ${error.message}`).join('; '));
    this.name = 'RefusedError';
    this.userErrors = userErrors;
  }

  /** The code of the first refusal. */
  get code(): string {
    return this.userErrors[0]?.code ?? 'UNKNOWN';
  }
}

export interface UserErrorLike {
  readonly code: string;
  readonly message: string;
  readonly field?: readonly string[] | null;
  readonly details?: unknown;
}

/** Answers the payload of a mutation that was accepted; throws {@link RefusedError} when it was refused. */
export function unwrap<Payload extends { readonly userErrors: readonly UserErrorLike[] }>(payload: Payload): Payload {
  if (payload.userErrors.length > 0) throw new RefusedError(payload.userErrors);
  return payload;
}
