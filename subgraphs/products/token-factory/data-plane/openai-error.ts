import { isPlatformError } from '../../../../kernel/errors/platform-error.js';

/** An error in OpenAI's form: `{"error":{message,type,param,code}}`, always with all four keys. */
export class OpenAiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    facts: {
      type?: string;
      code?: string | null;
      param?: string | null;
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.name = 'OpenAiError';
    this.status = status;
    this.type = facts.type ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
    this.code = facts.code ?? null;
    this.param = facts.param ?? null;
    this.headers = facts.headers ?? {};
  }

  body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { message, type, param, code } = this;
    return { error: { message, type, param, code } };
  }
}

export function invalidParameter(param: string | null, message: string, code: string | null = null): OpenAiError {
  return new OpenAiError(400, message, { param, code });
}

export function insufficientQuota(message: string): OpenAiError {
  // The official client retries every 429 unless it is told not to.
  return new OpenAiError(429, message, {
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    headers: { 'x-should-retry': 'false' },
  });
}

export function unavailable(message: string, code = 'service_unavailable'): OpenAiError {
  return new OpenAiError(503, message, { code, headers: { 'retry-after': '1' } });
}

/** Any thrown thing as an error that may be shown. What is not foreseen says nothing about itself. */
export function toOpenAiError(error: unknown): OpenAiError {
  if (error instanceof OpenAiError) return error;
  if (isPlatformError(error)) {
    switch (error.code) {
      case 'UNAUTHENTICATED':
      case 'TOKEN_INVALID':
        return new OpenAiError(401, error.message, { type: 'authentication_error', code: 'invalid_api_key' });
      case 'TOKEN_EXPIRED':
        return new OpenAiError(401, error.message, { type: 'authentication_error', code: 'token_expired' });
      case 'FORBIDDEN':
      case 'ACCESS_REVOKED':
        return new OpenAiError(403, error.message, { type: 'permission_error', code: 'insufficient_permissions' });
      case 'TIMEOUT':
      case 'UNAVAILABLE':
        return unavailable('The platform cannot answer at the moment; try again.');
      default:
        break;
    }
  }
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new OpenAiError(413, 'The body is too large.', { code: 'payload_too_large' });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new OpenAiError(415, 'The body must be application/json.', { code: 'unsupported_media_type' });
  if (statusCode === 400)
    return new OpenAiError(400, 'The body could not be parsed as JSON.', { code: 'invalid_json' });
  return new OpenAiError(500, 'Something went wrong on our side.', { code: 'internal_error' });
}
