import { expect, test } from 'vitest';
import {
  MULTI_FACTOR,
  PHISHING_RESISTANT,
  plainLevel,
  reachableLevel,
  requestedContexts,
  satisfies,
  SINGLE_FACTOR,
} from './authentication-level.js';
import type { DevelopmentUser } from './identity-provider-options.js';

const ada: DevelopmentUser = { subject: 'ada', email: 'ada@example.test', name: 'Ada' };

test('a stronger context satisfies a weaker request, never the reverse', () => {
  expect(satisfies(PHISHING_RESISTANT, [MULTI_FACTOR])).toBe(true);
  expect(satisfies(SINGLE_FACTOR, [MULTI_FACTOR])).toBe(false);
  expect(satisfies('unknown', [SINGLE_FACTOR])).toBe(false);
  expect(satisfies(PHISHING_RESISTANT, ['unknown'])).toBe(false);
  expect(satisfies(undefined, [SINGLE_FACTOR])).toBe(false);
  expect(satisfies(undefined, [])).toBe(true);
});

test('a request is read in the order of preference', () => {
  expect(requestedContexts(` ${MULTI_FACTOR}  phr `)).toEqual([MULTI_FACTOR, 'phr']);
  expect(requestedContexts(undefined)).toEqual([]);
});

test('steps up to the first context it knows, and only when more is needed', () => {
  expect(reachableLevel(ada, ['unknown', MULTI_FACTOR, 'phr'])).toEqual({
    acr: MULTI_FACTOR,
    amr: ['pwd', 'otp', 'mfa'],
  });
  expect(reachableLevel(ada, [SINGLE_FACTOR])).toEqual(plainLevel(ada));
  expect(reachableLevel({ ...ada, acr: 'gold', amr: ['sc'] }, ['gold'])).toEqual({ acr: 'gold', amr: ['sc'] });
});

test('a person without a second factor, or a request nobody knows, is out of reach', () => {
  expect(reachableLevel({ ...ada, hasSecondFactor: false }, [MULTI_FACTOR])).toBeUndefined();
  expect(reachableLevel(ada, ['unknown'])).toBeUndefined();
});
