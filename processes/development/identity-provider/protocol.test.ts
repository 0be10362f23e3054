import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { expect, test } from 'vitest';
import { BrowserSession } from './browser-session.js';
import { signIn, type SignInTokens } from './sign-in.js';
import {
  AUDIENCE,
  CONSOLE_ORIGIN,
  CONSOLE_REDIRECT,
  startTestProvider,
  type TestProvider,
} from './testing-provider.js';

const EXECUTE = { execute: [client.allowInsecureRequests] };

async function discover(provider: TestProvider, clientId = 'console'): Promise<client.Configuration> {
  return client.discovery(new URL(provider.issuer), clientId, undefined, client.None(), EXECUTE);
}

async function signInAda(
  provider: TestProvider,
  clientId = 'console',
  browser = new BrowserSession(),
): Promise<SignInTokens> {
  const redirectUri = clientId === 'cli' ? 'http://127.0.0.1:5000/callback' : CONSOLE_REDIRECT;
  return signIn({ issuer: provider.issuer, clientId, redirectUri, subject: 'ada', browser });
}

/** fetch does not let a test choose the Host. */
async function getWithHost(url: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      text(response).then(resolve, reject);
    }).once('error', reject);
  });
}

/** Everything up to the callback, by hand, so that the exchange can go wrong. */
async function authorize(provider: TestProvider, parameters: Record<string, string>): Promise<URL> {
  const configuration = await discover(provider);
  const browser = new BrowserSession();
  const begin = client.buildAuthorizationUrl(configuration, {
    redirect_uri: CONSOLE_REDIRECT,
    scope: 'openid',
    ...parameters,
  });
  const toLogin = await browser.fetch(begin);
  const page = new URL(toLogin.headers.get('location') ?? '', begin);
  const signedIn = await browser.fetch(page, new URLSearchParams({ subject: 'ada' }));
  const resume = new URL(signedIn.headers.get('location') ?? '', page);
  return new URL((await browser.fetch(resume)).headers.get('location') ?? '');
}

test('discovery names only what exists, under the issuer, whatever Host is sent', async () => {
  await using provider = await startTestProvider();
  const metadata = (await discover(provider)).serverMetadata();
  expect(metadata).toMatchObject({
    issuer: provider.issuer,
    jwks_uri: provider.jwksUri,
    token_endpoint: `${provider.issuer}/token`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  });
  expect(metadata.end_session_endpoint).toBe(`${provider.issuer}/session/end`);
  expect(metadata).not.toHaveProperty('userinfo_endpoint');
  const forged = await getWithHost(`${provider.issuer}/.well-known/openid-configuration`, 'evil.test');
  expect(JSON.parse(forged)).toEqual(JSON.parse(JSON.stringify(metadata)));
});

test('refuses an authorization request without PKCE, and with the plain method', async () => {
  await using provider = await startTestProvider();
  const url = client.buildAuthorizationUrl(await discover(provider), {
    redirect_uri: CONSOLE_REDIRECT,
    scope: 'openid',
  });
  const callback = (await new BrowserSession().fetch(url)).headers.get('location') ?? '';
  expect(new URL(callback).searchParams.get('error')).toBe('invalid_request');
  url.searchParams.set('code_challenge', client.randomPKCECodeVerifier());
  url.searchParams.set('code_challenge_method', 'plain');
  const plain = (await new BrowserSession().fetch(url)).headers.get('location') ?? '';
  expect(new URL(plain).searchParams.get('error')).toBe('invalid_request');
});

test('refuses the wrong verifier, and a code used twice takes its tokens with it', async () => {
  await using provider = await startTestProvider();
  const configuration = await discover(provider);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const challenge = await client.calculatePKCECodeChallenge(pkceCodeVerifier);
  const callback = await authorize(provider, { code_challenge: challenge, code_challenge_method: 'S256' });
  const wrong = { pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await expect(client.authorizationCodeGrant(configuration, callback, wrong)).rejects.toMatchObject({
    error: 'invalid_grant',
  });
  const tokens = await client.authorizationCodeGrant(configuration, callback, { pkceCodeVerifier });
  await expect(client.authorizationCodeGrant(configuration, callback, { pkceCodeVerifier })).rejects.toMatchObject({
    error: 'invalid_grant',
  });
  await expect(client.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  });
});

test('refuses an unknown client and an unregistered redirect URI on a page, not by redirect', async () => {
  await using provider = await startTestProvider();
  const stranger = { issuer: provider.issuer, clientId: 'stranger', redirectUri: CONSOLE_REDIRECT, subject: 'ada' };
  await expect(signIn(stranger)).rejects.toThrow('client is invalid');
  const elsewhere = { ...stranger, clientId: 'console', redirectUri: 'https://evil.test/callback' };
  await expect(signIn(elsewhere)).rejects.toThrow('redirect_uri');
  const otherPort = { ...stranger, clientId: 'console', redirectUri: 'http://127.0.0.1:4998/callback' };
  await expect(signIn(otherPort)).rejects.toThrow('redirect_uri');
});

test('refresh rotates, keeps the sign-in, and still issues for the graph', async () => {
  await using provider = await startTestProvider();
  const configuration = await discover(provider);
  const first = await signInAda(provider);
  const second = await client.refreshTokenGrant(configuration, first.refreshToken ?? '');
  expect(second.refresh_token).not.toBe(first.refreshToken);
  const keys = createRemoteJWKSet(new URL(provider.jwksUri));
  const { payload } = await jwtVerify(second.access_token, keys, { audience: AUDIENCE, typ: 'at+jwt' });
  expect(payload).toMatchObject({ sub: 'ada', auth_time: first.claims.auth_time, sid: first.claims['sid'] });
  expect(payload).toMatchObject({ email: 'ada@example.test', acr: first.claims['acr'] });
});

test('a refresh token used twice revokes its whole family', async () => {
  await using provider = await startTestProvider();
  const configuration = await discover(provider, 'cli');
  const first = await signInAda(provider, 'cli');
  const second = await client.refreshTokenGrant(configuration, first.refreshToken ?? '');
  const refused = { error: 'invalid_grant' };
  await expect(client.refreshTokenGrant(configuration, first.refreshToken ?? '')).rejects.toMatchObject(refused);
  await expect(client.refreshTokenGrant(configuration, second.refresh_token ?? '')).rejects.toMatchObject(refused);
});

test('one client cannot use the refresh token of another', async () => {
  await using provider = await startTestProvider();
  const { refreshToken = '' } = await signInAda(provider);
  await expect(client.refreshTokenGrant(await discover(provider, 'cli'), refreshToken)).rejects.toMatchObject({
    error: 'invalid_grant',
  });
});

test('revocation ends a refresh token', async () => {
  await using provider = await startTestProvider();
  const configuration = await discover(provider);
  const { refreshToken = '' } = await signInAda(provider);
  await client.tokenRevocation(configuration, refreshToken);
  await expect(client.refreshTokenGrant(configuration, refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
});

test('signing out ends the session and the browser tokens, not those of the command line', async () => {
  await using provider = await startTestProvider();
  const browser = new BrowserSession();
  const tokens = await signInAda(provider, 'console', browser);
  const cli = await signInAda(provider, 'cli', browser);
  const configuration = await discover(provider);
  const logout = client.buildEndSessionUrl(configuration, {
    id_token_hint: tokens.idToken,
    post_logout_redirect_uri: `${CONSOLE_ORIGIN}/`,
    state: 'bye',
  });
  const page = await (await browser.fetch(logout)).text();
  expect(page).toContain('Console asks to end your session');
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const confirm = await browser.fetch(
    new URL(`${provider.issuer}/session/end/confirm`),
    new URLSearchParams({ xsrf, logout: 'yes' }),
  );
  expect(confirm.headers.get('location')).toBe(`${CONSOLE_ORIGIN}/?state=bye`);
  const silent = { issuer: provider.issuer, clientId: 'console', redirectUri: CONSOLE_REDIRECT, subject: 'ada' };
  await expect(signIn({ ...silent, browser, prompt: 'none' })).rejects.toMatchObject({ error: 'login_required' });
  await expect(client.refreshTokenGrant(configuration, tokens.refreshToken ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  });
  const cliConfiguration = await discover(provider, 'cli');
  expect((await client.refreshTokenGrant(cliConfiguration, cli.refreshToken ?? '')).access_token).toBeDefined();
});

test('a browser may call the token endpoint from the client’s own origin and the issuer’s, no other', async () => {
  await using provider = await startTestProvider();
  const call = (origin: string): Promise<Response> =>
    fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'console', refresh_token: 'x' }),
    });
  for (const origin of [CONSOLE_ORIGIN, new URL(provider.issuer).origin]) {
    expect((await call(origin)).headers.get('access-control-allow-origin')).toBe(origin);
  }
  const foreign = await call('https://evil.test');
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  expect(await foreign.json()).toMatchObject({ error: 'invalid_request' });
});
