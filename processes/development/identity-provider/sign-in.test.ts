import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { MULTI_FACTOR, PHISHING_RESISTANT, SINGLE_FACTOR } from './authentication-level.js';
import { BrowserSession } from './browser-session.js';
import { signIn, type SignInRequest } from './sign-in.js';
import { AUDIENCE, CONSOLE_REDIRECT, startTestProvider, type TestProvider } from './testing-provider.js';

function requestFor(provider: TestProvider, subject: string): SignInRequest {
  return { issuer: provider.issuer, clientId: 'console', redirectUri: CONSOLE_REDIRECT, subject };
}

async function sleepPastSecond(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 1100);
  });
}

test('an ordinary client gets an RFC 9068 access token for the graph that the JWKS verifies', async () => {
  await using provider = await startTestProvider();
  const tokens = await signIn(requestFor(provider, 'ada'));
  const keys = createRemoteJWKSet(new URL(provider.jwksUri));
  const { payload, protectedHeader } = await jwtVerify(tokens.accessToken, keys, {
    issuer: provider.issuer,
    audience: AUDIENCE,
    typ: 'at+jwt',
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id', 'auth_time', 'acr', 'amr', 'sid'],
  });
  expect(protectedHeader.kid).toBeDefined();
  expect(payload).toMatchObject({ sub: 'ada', client_id: 'console', acr: SINGLE_FACTOR, amr: ['pwd'] });
  expect(payload).toMatchObject({ email: 'ada@example.test', name: 'Ada Lovelace' });
  expect(tokens.expiresInSeconds).toBe(900);
});

test('the id token says who, how and when', async () => {
  await using provider = await startTestProvider();
  const { claims, idToken } = await signIn(requestFor(provider, 'grace'));
  expect(claims).toMatchObject({ sub: 'grace', email: 'grace@example.test', email_verified: true, aud: 'console' });
  expect(claims).toMatchObject({ acr: PHISHING_RESISTANT, amr: ['hwk', 'user', 'mfa'], name: 'Grace Hopper' });
  expect(claims.auth_time).toBeGreaterThan(Date.now() / 1000 - 60);
  expect(claims['sid']).toBeTypeOf('string');
  expect(decodeProtectedHeader(idToken).alg).toBe('RS256');
});

test('a token carries no more about the person than the scopes ask for', async () => {
  await using provider = await startTestProvider();
  const { accessToken, claims } = await signIn({ ...requestFor(provider, 'ada'), scope: 'openid' });
  const { payload } = await jwtVerify(accessToken, createRemoteJWKSet(new URL(provider.jwksUri)));
  expect(payload).not.toHaveProperty('email');
  expect(payload).not.toHaveProperty('name');
  expect(claims).not.toHaveProperty('email');
});

test('the same browser signs in again without a page, and as another person on request', async () => {
  await using provider = await startTestProvider();
  const browser = new BrowserSession();
  const first = await signIn({ ...requestFor(provider, 'ada'), browser });
  const silent = await signIn({ ...requestFor(provider, 'nobody'), browser, prompt: 'none' });
  expect(silent.claims.sub).toBe('ada');
  expect(silent.claims['sid']).toBe(first.claims['sid']);
  const other = await signIn({ ...requestFor(provider, 'grace'), browser, prompt: 'login' });
  expect(other.claims.sub).toBe('grace');
  expect(other.claims['sid']).not.toBe(first.claims['sid']);
});

test('a fresh browser has no session to sign in with silently', async () => {
  await using provider = await startTestProvider();
  await expect(signIn({ ...requestFor(provider, 'ada'), prompt: 'none' })).rejects.toMatchObject({
    error: 'login_required',
  });
});

test('a native client needs no consent screen, and prompt=consent does not show one', async () => {
  await using provider = await startTestProvider();
  const cli = { ...requestFor(provider, 'ada'), clientId: 'cli', redirectUri: 'http://127.0.0.1:51234/callback' };
  expect((await signIn(cli)).refreshToken).toBeDefined();
  const offline = await signIn({ ...cli, scope: 'openid offline_access', prompt: 'consent' });
  expect(offline.refreshToken).toBeDefined();
});

test('a step-up raises the session to the requested acr_values and stays', async () => {
  await using provider = await startTestProvider();
  const browser = new BrowserSession();
  const plain = await signIn({ ...requestFor(provider, 'ada'), browser });
  expect(plain.claims['acr']).toBe(SINGLE_FACTOR);
  const raised = await signIn({ ...requestFor(provider, 'ada'), browser, acrValues: [MULTI_FACTOR] });
  expect(raised.claims).toMatchObject({ acr: MULTI_FACTOR, amr: ['pwd', 'otp', 'mfa'], sid: plain.claims['sid'] });
  const { payload } = await jwtVerify(raised.accessToken, createRemoteJWKSet(new URL(provider.jwksUri)));
  expect(payload['acr']).toBe(MULTI_FACTOR);
  const again = await signIn({ ...requestFor(provider, 'ada'), browser, acrValues: [MULTI_FACTOR], prompt: 'none' });
  expect(again.claims['acr']).toBe(MULTI_FACTOR);
});

test('refuses acr_values silently, without a second factor, or beyond what anyone can reach', async () => {
  await using provider = await startTestProvider();
  const browser = new BrowserSession();
  const unmet = { error: 'unmet_authentication_requirements' };
  await signIn({ ...requestFor(provider, 'ada'), browser });
  const silent = { ...requestFor(provider, 'ada'), browser, acrValues: [MULTI_FACTOR], prompt: 'none' as const };
  await expect(signIn(silent)).rejects.toMatchObject(unmet);
  await expect(signIn({ ...requestFor(provider, 'emmy'), acrValues: [MULTI_FACTOR] })).rejects.toMatchObject(unmet);
  await expect(signIn({ ...requestFor(provider, 'ada'), acrValues: ['unknown'] })).rejects.toMatchObject(unmet);
});

test('max_age asks again when the sign-in is too old, and zero always does', async () => {
  await using provider = await startTestProvider();
  const browser = new BrowserSession();
  const first = await signIn({ ...requestFor(provider, 'ada'), browser });
  const recent = await signIn({ ...requestFor(provider, 'ada'), browser, maxAgeSeconds: 300 });
  expect(recent.claims.auth_time).toBe(first.claims.auth_time);
  const silent = { ...requestFor(provider, 'ada'), browser, maxAgeSeconds: 0, prompt: 'none' as const };
  await expect(signIn(silent)).rejects.toMatchObject({ error: 'login_required' });
  await sleepPastSecond();
  const fresh = await signIn({ ...requestFor(provider, 'ada'), browser, maxAgeSeconds: 0 });
  expect(fresh.claims.auth_time).toBeGreaterThan(first.claims.auth_time ?? Number.POSITIVE_INFINITY);
});

test('asks for the password of a person who has one', async () => {
  await using provider = await startTestProvider();
  expect((await signIn({ ...requestFor(provider, 'alan'), password: 'enigma' })).claims.sub).toBe('alan');
  await expect(signIn({ ...requestFor(provider, 'alan'), password: 'wrong' })).rejects.toThrow('(401)');
  await expect(signIn(requestFor(provider, 'alan'))).rejects.toThrow('That is not the password of Alan');
});

test('refuses a person who is not listed', async () => {
  await using provider = await startTestProvider();
  await expect(signIn(requestFor(provider, 'mallory'))).rejects.toThrow('There is no such person here.');
});

test('issues for another audience only when it is configured', async () => {
  await using provider = await startTestProvider({ otherAudiences: ['https://other.test'] });
  const { accessToken } = await signIn({ ...requestFor(provider, 'ada'), resource: 'https://other.test' });
  const keys = createRemoteJWKSet(new URL(provider.jwksUri));
  await expect(jwtVerify(accessToken, keys, { audience: AUDIENCE })).rejects.toThrow('aud');
  const unknown = { ...requestFor(provider, 'ada'), resource: 'https://unknown.test' };
  await expect(signIn(unknown)).rejects.toMatchObject({ error: 'invalid_target' });
});
