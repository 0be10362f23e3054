import { GraphQLError } from 'graphql';
import { CloseCode } from 'graphql-ws';
import type { ErrorCode } from '../../kernel/errors/error-codes.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';

const CODE_OF_CLOSE: Readonly<Record<number, ErrorCode>> = {
  [CloseCode.Unauthorized]: 'UNAUTHENTICATED',
  [CloseCode.Forbidden]: 'FORBIDDEN',
};

/** What ended a stream, as its reader is told: the subgraph's own error, a refused connection, or a lost one. */
export function streamError(name: string, error: unknown): Error {
  const [first] = Array.isArray(error) ? (error as readonly unknown[]) : [];
  if (isErrorPayload(first))
    return new GraphQLError(first.message, { extensions: { ...first.extensions, service: name } });
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const known = typeof code === 'number' ? CODE_OF_CLOSE[code] : undefined;
  if (known) return new PlatformError(known, `The subgraph "${name}" refused the subscription.`, { service: name });
  const message = `The stream from the subgraph "${name}" was lost. Resume from the last cursor.`;
  return new PlatformError('UNAVAILABLE', message, { service: name }, { cause: error });
}

function isErrorPayload(error: unknown): error is { message: string; extensions?: Record<string, unknown> } {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
