import { GraphQLError } from 'graphql';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';

export interface ErrorDetails {
  readonly [key: string]: unknown;
}

/**
 * A fault of the caller or of the server, with a code of the closed list. Thrown; the edge adds the correlation id.
 * `details` are shown to the caller: nothing internal, nothing the caller may not know.
 */
export class PlatformError extends GraphQLError {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    super(message, {
      extensions: { ...details, code, retryable: ERROR_CODES[code].isRetryable },
      originalError: options.cause instanceof Error ? options.cause : null,
    });
    this.name = 'PlatformError';
    this.code = code;
    this.details = details;
  }
}

export function isPlatformError(error: unknown): error is PlatformError {
  return error instanceof Error && error.name === 'PlatformError';
}
