import { expect, it } from 'vitest';
import { assuranceLevel } from './assurance.js';

it('reads the strength of a sign-in from the context, the methods, or both', () => {
  expect(assuranceLevel('https://refeds.org/profile/sfa', ['pwd'])).toBe(1);
  expect(assuranceLevel('https://refeds.org/profile/mfa', ['pwd', 'otp', 'mfa'])).toBe(2);
  expect(assuranceLevel('phr', ['hwk', 'user', 'mfa'])).toBe(3);
  expect(assuranceLevel(undefined, ['pwd', 'otp'])).toBe(2);
  expect(assuranceLevel(undefined, ['pwd', 'pin'])).toBe(1);
});

it('trusts nothing that it does not know: missing or foreign claims are level 0, methods alone never phishing-resistant', () => {
  expect(assuranceLevel(undefined, undefined)).toBe(0);
  expect(assuranceLevel('3', [])).toBe(0);
  expect(assuranceLevel('gold', 'pwd')).toBe(0);
  expect(assuranceLevel(3, [1, null])).toBe(0);
  expect(assuranceLevel(undefined, ['geo', 'wia'])).toBe(0);
  expect(assuranceLevel(undefined, ['hwk', 'face', 'mfa'])).toBe(2);
  expect(assuranceLevel('constructor', ['toString'])).toBe(0);
});
