import { GraphQLError, type ExecutionResult } from 'graphql';
import { ERROR_CODES, type ErrorCode } from '../../kernel/errors/error-codes.js';
import type { GatewayLogger } from '../gateway-options.js';

export interface ErrorMasking {
  readonly correlationId: string;
  /** Shows the messages of unexpected errors: for development only. */
  readonly exposeErrors: boolean;
  readonly logger: GatewayLogger;
}

/** Codes by which other GraphQL servers say "unexpected". */
const UNEXPECTED = new Set<unknown>([undefined, 'INTERNAL_SERVER_ERROR', 'DOWNSTREAM_SERVICE_ERROR']);

/**
 * Makes errors fit to be shown: an error that carries a code was meant for the client; anything else becomes `INTERNAL`
 * with a general message, and is logged. Each gets the correlation id and whether a retry may help.
 */
export function maskErrors(errors: readonly unknown[], masking: ErrorMasking): GraphQLError[] {
  return errors.map((error) => maskError(error, masking));
}

export function maskResult(result: ExecutionResult, masking: ErrorMasking): ExecutionResult {
  return result.errors ? { ...result, errors: maskErrors(result.errors, masking) } : result;
}

export function maskError(error: unknown, masking: ErrorMasking): GraphQLError {
  const known =
    error instanceof GraphQLError ? error : new GraphQLError(messageOf(error), { originalError: errorOf(error) });
  const { stacktrace: _, exception: __, ...extensions } = known.extensions;
  const isUnexpected = UNEXPECTED.has(extensions['code']);
  if (isUnexpected)
    masking.logger.error(
      { err: known.originalError ?? known, path: known.path, correlationId: masking.correlationId },
      'unexpected error',
    );
  const code = isUnexpected ? 'INTERNAL' : extensions['code'];
  const message =
    isUnexpected && !masking.exposeErrors
      ? 'Something failed inside. It was recorded under the correlation id.'
      : known.message;
  return new GraphQLError(message, {
    nodes: known.nodes,
    source: known.source,
    positions: known.positions,
    path: known.path,
    extensions: { ...extensions, code, retryable: isRetryable(extensions, code), correlationId: masking.correlationId },
  });
}

function isRetryable(extensions: Record<string, unknown>, code: unknown): boolean {
  if (typeof extensions['retryable'] === 'boolean') return extensions['retryable'];
  return typeof code === 'string' && code in ERROR_CODES && ERROR_CODES[code as ErrorCode].isRetryable;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function errorOf(error: unknown): Error | undefined {
  return error instanceof Error ? error : undefined;
}

/** The HTTP status of a request that was refused as a whole, by the code of its first error. */
export function statusOf(errors: readonly GraphQLError[]): number {
  const code = errors[0]?.extensions['code'];
  return typeof code === 'string' && code in ERROR_CODES ? ERROR_CODES[code as ErrorCode].status : 500;
}
