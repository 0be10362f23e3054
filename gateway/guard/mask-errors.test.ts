import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { maskError, type ErrorMasking } from './mask-errors.js';

function masking(exposeErrors: boolean): ErrorMasking & { logged: object[] } {
  const logged: object[] = [];
  const logger = { info: () => undefined, warn: () => undefined, error: (fields: object) => void logged.push(fields) };
  return { correlationId: 'c-12345678', exposeErrors, logger, logged };
}

describe('the masking of errors', () => {
  it('hides the message of an unexpected error, and logs it', () => {
    const options = masking(false);
    const error = maskError(
      new GraphQLError('password is x', { path: ['a'], extensions: { stacktrace: ['at x'] } }),
      options,
    );
    expect(error.toJSON()).toEqual({
      message: 'Something failed inside. It was recorded under the correlation id.',
      path: ['a'],
      extensions: { code: 'INTERNAL', retryable: false, correlationId: 'c-12345678' },
    });
    expect(options.logged).toMatchObject([{ correlationId: 'c-12345678', path: ['a'] }]);
  });

  it('shows it in development', () => {
    expect(maskError(new TypeError('x is undefined'), masking(true)).message).toBe('x is undefined');
  });

  it('passes an error that carries a code', () => {
    const error = maskError(
      new GraphQLError('Not yours.', { extensions: { code: 'FORBIDDEN', requires: 'a.b' } }),
      masking(false),
    );
    expect(error.message).toBe('Not yours.');
    expect(error.extensions).toEqual({
      code: 'FORBIDDEN',
      requires: 'a.b',
      retryable: false,
      correlationId: 'c-12345678',
    });
  });
});
