/** The closed list of RFC 6749, 5.2, and of RFC 7009, 2.2.1. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'
  | 'temporarily_unavailable';

/** A refusal of an OAuth endpoint. The description is for developers and tells nothing about secrets. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly status: number;
  /** Set when the client tried HTTP Basic: then a 401 must name the scheme (RFC 6749, 5.2). */
  readonly usedBasic: boolean;

  constructor(code: OAuthErrorCode, description: string, options: { status?: number; usedBasic?: boolean } = {}) {
    super(description);
    this.name = 'OAuthError';
    this.code = code;
    this.status = options.status ?? (code === 'invalid_client' ? 401 : 400);
    this.usedBasic = options.usedBasic ?? false;
  }
}
