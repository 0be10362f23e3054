import { PlatformError, isPlatformError } from '../errors/platform-error.js';

/** SQLSTATE classes that mean "the server cannot now": retrying later may help. */
const UNAVAILABLE_STATES: Readonly<Record<string, string>> = {
  '53100': 'The database is out of disk space; nothing was written.',
  '53200': 'The database is out of memory; nothing was written.',
  '53300': 'The database has no free connection; nothing was written.',
  '57P01': 'The database is shutting down; nothing was written.',
  '57P02': 'The database restarted; the outcome is unknown, retry with the same idempotency key.',
  '57P03': 'The database is starting; try again shortly.',
  '57014': 'The database took too long and the statement was cancelled; nothing was written.',
  '55P03': 'A lock could not be had in time; nothing was written.',
  '25P03': 'The transaction was idle for too long and was ended; nothing was written.',
};

const LOST_CONNECTION =
  /ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT|Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|connection is closed/i;

/** Serialization failure or deadlock (SQLSTATE class 40): running the whole transaction again is correct. */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

/** SQLSTATE of a PostgreSQL error, also when a library wrapped it. */
export function sqlState(error: unknown): string | null {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return null;
}

/** The name of the violated constraint, if the error is a constraint violation (SQLSTATE class 23). */
export function violatedConstraint(error: unknown): string | null {
  if (sqlState(error)?.startsWith('23') !== true) return null;
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    const { constraint } = cause as { constraint?: unknown };
    if (typeof constraint === 'string') return constraint;
  }
  return null;
}

/** Turns failures of the infrastructure into UNAVAILABLE; everything else passes unchanged. */
export function toPlatformError(error: unknown): unknown {
  if (isPlatformError(error)) return error;
  const state = sqlState(error);
  const known = state === null ? undefined : UNAVAILABLE_STATES[state];
  if (known !== undefined) return new PlatformError('UNAVAILABLE', known, {}, { cause: error });
  if (error instanceof Error && LOST_CONNECTION.test(`${(error as { code?: string }).code ?? ''} ${error.message}`)) {
    const message = 'The connection to the database was lost; retry with the same idempotency key.';
    return new PlatformError('UNAVAILABLE', message, {}, { cause: error });
  }
  return error;
}

/** Turns whatever kept a connection from being made into UNAVAILABLE: nothing was sent on it. */
export function unreachable(error: unknown): PlatformError {
  const known = toPlatformError(error);
  if (isPlatformError(known)) return known;
  return new PlatformError('UNAVAILABLE', 'The database cannot be reached; nothing was written.', {}, { cause: error });
}
