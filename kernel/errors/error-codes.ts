/**
 * The closed list of codes of top-level GraphQL errors and HTTP errors: faults of the caller or of the server.
 * Foreseen refusals of a domain are data (`userErrors`) and use {@link RefusalCode}.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: { status: 401, isRetryable: false },
  TOKEN_EXPIRED: { status: 401, isRetryable: false },
  TOKEN_INVALID: { status: 401, isRetryable: false },
  FORBIDDEN: { status: 403, isRetryable: false },
  STEP_UP_REQUIRED: { status: 401, isRetryable: false },
  NOT_FOUND: { status: 404, isRetryable: false },
  BAD_REQUEST: { status: 400, isRetryable: false },
  BAD_USER_INPUT: { status: 400, isRetryable: false },
  GRAPHQL_PARSE_FAILED: { status: 400, isRetryable: false },
  GRAPHQL_VALIDATION_FAILED: { status: 400, isRetryable: false },
  QUERY_TOO_COMPLEX: { status: 400, isRetryable: false },
  PERSISTED_QUERY_NOT_FOUND: { status: 404, isRetryable: false },
  PERSISTED_DOCUMENT_REQUIRED: { status: 403, isRetryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, isRetryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, isRetryable: false },
  METHOD_NOT_ALLOWED: { status: 405, isRetryable: false },
  CONFLICT: { status: 409, isRetryable: false },
  IDEMPOTENCY_CONFLICT: { status: 409, isRetryable: false },
  RATE_LIMITED: { status: 429, isRetryable: true },
  ACCESS_REVOKED: { status: 403, isRetryable: false },
  SLOW_CONSUMER: { status: 503, isRetryable: true },
  STALE_FENCE: { status: 409, isRetryable: false },
  TIMEOUT: { status: 504, isRetryable: true },
  UNAVAILABLE: { status: 503, isRetryable: true },
  INTERNAL: { status: 500, isRetryable: false },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes of foreseen refusals, returned as `userErrors`. Closed: a client may switch over them. */
export const REFUSAL_CODES = {
  INVALID_INPUT: 'The input has a fault; `field` names where.',
  NOT_FOUND: 'The thing named does not exist, or the caller may not know that it does.',
  ALREADY_EXISTS: 'Something with this unique name or key exists.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was used before with another input.',
  INVALID_STATE: 'The operation is not available in the present state; see `availableActions`.',
  CONFLICT: 'A concurrent change won; read again and retry.',
  IN_USE: 'Something else still depends on it.',
  QUOTA_EXCEEDED: 'A quota on this scope or an ancestor would be exceeded.',
  INSUFFICIENT_BALANCE: 'The account cannot cover what this would cost.',
  BUDGET_EXCEEDED: 'A budget on this scope or an ancestor would be exceeded.',
  PRICE_UNKNOWN: 'No price is in force for it, and nothing runs without a price.',
  CAPACITY_UNAVAILABLE: 'No capacity fits the request now; `whyPending` explains.',
  NOT_ENTITLED: 'The project is not entitled to it.',
  POLICY_DENIED: 'A policy of this scope or an ancestor forbids it.',
  POLICY_BOUND_VIOLATION: 'The value lies outside the bounds that its definition or an ancestor sets.',
  NOT_REGISTERED: 'The registry does not know it, or it is not active.',
  NOT_TRUSTED: 'The artifact is not verified, or its trust was revoked.',
  LIMIT_REACHED: 'A fixed limit is reached.',
  SECRET_REFUSED: 'The payload holds what looks like a secret.',
  ALREADY_REVEALED: 'A one-time secret was revealed before and cannot be shown again.',
  STALE_FENCE: 'Another holder has taken over since; the write was kept as evidence and not applied.',
  STALE_DATA: 'The data that the decision needs is older than its freshness budget.',
  EXPIRED: 'It has expired.',
} as const;

export type RefusalCode = keyof typeof REFUSAL_CODES;
