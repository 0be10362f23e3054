import { expect, it } from 'vitest';
import { toPlatformError, unreachable } from './database-errors.js';

const refused = Object.assign(new Error('database "x" is not currently accepting connections'), { code: '55000' });

it('says of whatever keeps a connection from being made that the database cannot be reached', () => {
  expect(unreachable(refused)).toMatchObject({ code: 'UNAVAILABLE', extensions: { retryable: true } });
  expect(unreachable(Object.assign(new Error('full'), { code: '53300' })).message).toContain('no free connection');
});

it('leaves an error of a statement as it is unless it is known to be a failure of the infrastructure', () => {
  expect(toPlatformError(refused)).toBe(refused);
  expect(toPlatformError(new Error('connect ECONNREFUSED 127.0.0.1:5432'))).toMatchObject({ code: 'UNAVAILABLE' });
});
