import type { FastifyError } from 'fastify';
import type { ErrorCode } from '../../kernel/errors/error-codes.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { OperationService } from '../operation-service.js';
import { JSON_RESPONSE, type HttpResponse } from './response.js';

/** What is answered to a request that failed before, or beside, its operation. */
export function faultResponse<Context extends object>(
  service: OperationService<Context>,
  error: Error,
  correlationId: string,
): HttpResponse {
  const { result, status } = service.refusal([faultOf(error)], correlationId);
  return { status, headers: { 'content-type': JSON_RESPONSE }, body: JSON.stringify(result) };
}

export function notUtf8(): PlatformError {
  return new PlatformError('BAD_REQUEST', 'The body is not valid UTF-8.');
}

/** Fastify's own errors blame the caller by their status. */
function faultOf(error: Error & Partial<FastifyError>): Error {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new PlatformError('PAYLOAD_TOO_LARGE', 'The body is too large.');
  const code: ErrorCode = error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? 'UNSUPPORTED_MEDIA_TYPE' : 'BAD_REQUEST';
  const isCallers = error.statusCode !== undefined && error.statusCode < 500 && !('extensions' in error);
  return isCallers ? new PlatformError(code, error.message) : error;
}
