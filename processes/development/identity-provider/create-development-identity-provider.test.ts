import { fastify } from 'fastify';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BrowserSession } from './browser-session.js';
import { createDevelopmentIdentityProvider } from './create-development-identity-provider.js';
import { generateSigningKeys } from './signing-keys.js';
import { signIn } from './sign-in.js';
import { AUDIENCE, CONSOLE_REDIRECT, startTestProvider, type TestProvider } from './testing-provider.js';

const OPTIONS = { issuer: 'http://127.0.0.1:4000/oidc', audience: AUDIENCE, users: [], clients: [] };

async function openSignInPage(
  provider: TestProvider,
  extra: Record<string, string> = {},
): Promise<[BrowserSession, URL]> {
  const browser = new BrowserSession();
  const url = new URL(`${provider.issuer}/auth`);
  const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
  url.search = new URLSearchParams({
    client_id: 'console',
    redirect_uri: CONSOLE_REDIRECT,
    response_type: 'code',
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...extra,
  }).toString();
  const location = (await browser.fetch(url)).headers.get('location') ?? '';
  return [browser, new URL(location, url)];
}

test('refuses to start in production, with a sentence', () => {
  expect(() => createDevelopmentIdentityProvider({ ...OPTIONS, environment: 'production' })).toThrow(
    'refuses to start: the environment is "production"',
  );
});

test('refuses an issuer that could not be compared exactly', () => {
  expect(() => createDevelopmentIdentityProvider({ ...OPTIONS, issuer: `${OPTIONS.issuer}/` })).toThrow('slash');
  expect(() => createDevelopmentIdentityProvider({ ...OPTIONS, issuer: 'nonsense' })).toThrow('Invalid URL');
});

test('tokens outlive a restart when the signing keys are injected, and do not otherwise', async () => {
  const signingKeys = structuredClone(generateSigningKeys());
  let accessToken = '';
  {
    await using before = await startTestProvider({ signingKeys });
    ({ accessToken } = await signIn({
      issuer: before.issuer,
      clientId: 'console',
      redirectUri: CONSOLE_REDIRECT,
      subject: 'ada',
    }));
  }
  await using after = await startTestProvider({
    signingKeys: JSON.parse(JSON.stringify(signingKeys)) as typeof signingKeys,
  });
  expect((await jwtVerify(accessToken, createRemoteJWKSet(new URL(after.jwksUri)))).payload.sub).toBe('ada');
  await using stranger = await startTestProvider();
  await expect(jwtVerify(accessToken, createRemoteJWKSet(new URL(stranger.jwksUri)))).rejects.toThrow(
    'no applicable key',
  );
});

test('the key set is public: nothing private is served', async () => {
  await using provider = await startTestProvider();
  const { keys } = (await (await fetch(provider.jwksUri)).json()) as { keys: Record<string, unknown>[] };
  expect(keys).toHaveLength(1);
  for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(keys[0]).not.toHaveProperty(secret);
});

test('mounts on a Fastify server under its prefix, beside other routes', async () => {
  const app = fastify();
  let provider: ReturnType<typeof createDevelopmentIdentityProvider> | undefined;
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.url.startsWith('/oidc/')) return done();
    reply.hijack();
    provider?.handle(request.raw, reply.raw);
  });
  app.get('/healthz', () => 'ok');
  try {
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const redirectUri = `${origin}/callback`;
    provider = createDevelopmentIdentityProvider({
      ...OPTIONS,
      issuer: `${origin}/oidc`,
      users: [{ subject: 'ada', email: 'ada@example.test', name: 'Ada' }],
      clients: [{ clientId: 'console', name: 'Console', kind: 'browser', redirectUris: [redirectUri] }],
    });
    const tokens = await signIn({ issuer: provider.issuer, clientId: 'console', redirectUri, subject: 'ada' });
    expect(tokens.claims.iss).toBe(`${origin}/oidc`);
    expect(await (await fetch(`${origin}/healthz`)).text()).toBe('ok');
  } finally {
    await app.close();
    await provider?.close();
  }
});

test('serves on a port of its own, and frees it', async () => {
  const provider = createDevelopmentIdentityProvider(OPTIONS);
  const port = await provider.listen(0);
  const response = await fetch(`http://127.0.0.1:${port}/oidc/.well-known/openid-configuration`);
  expect(await response.json()).toMatchObject({ issuer: OPTIONS.issuer, jwks_uri: provider.jwksUri });
  expect((await fetch(`http://127.0.0.1:${port}/elsewhere`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/oidcevil/jwks`)).status).toBe(404);
  await provider.close();
  await expect(fetch(`http://127.0.0.1:${port}/oidc/jwks`)).rejects.toThrow('fetch failed');
});

test('the sign-in page lists every person, escaped, the hinted one first, without a script', async () => {
  await using provider = await startTestProvider();
  const [browser, url] = await openSignInPage(provider, { login_hint: 'grace@example.test' });
  const response = await browser.fetch(url);
  const page = await response.text();
  expect(page).toContain('Alan &lt;Turing&gt;');
  expect(page).not.toContain('<script');
  expect(page.indexOf('value="grace"')).toBeLessThan(page.indexOf('value="ada"'));
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('cancelling returns access_denied to the client', async () => {
  await using provider = await startTestProvider();
  const [browser, url] = await openSignInPage(provider, { state: 's' });
  const posted = await browser.fetch(url, new URLSearchParams({ cancel: 'yes' }));
  const resumed = await browser.fetch(new URL(posted.headers.get('location') ?? '', url));
  const callback = new URL(resumed.headers.get('location') ?? '');
  expect(Object.fromEntries(callback.searchParams)).toMatchObject({ error: 'access_denied', state: 's' });
});

test('a sign-in form without its cookie, or far too large, is refused', async () => {
  await using provider = await startTestProvider();
  const [browser, url] = await openSignInPage(provider);
  const forged = await fetch(url, { method: 'POST', body: new URLSearchParams({ subject: 'ada' }) });
  expect(forged.status).toBe(400);
  expect(await forged.text()).toContain('This sign-in has ended');
  const large = await browser.fetch(url, new URLSearchParams({ subject: 'a'.repeat(20_000) }));
  expect(large.status).toBe(413);
});

test('prints nothing, and reports refusals to the injected log', async () => {
  const methods = ['log', 'info', 'warn', 'error'] as const;
  const printed = methods.map((method) => vi.spyOn(console, method));
  onTestFinished(() => void vi.restoreAllMocks());
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const logger = {
    info: quiet,
    error: quiet,
    warn: (_fields: unknown, message: string) => void warnings.push(message),
  };
  await using provider = await startTestProvider({ logger });
  await signIn({ issuer: provider.issuer, clientId: 'console', redirectUri: CONSOLE_REDIRECT, subject: 'ada' });
  await fetch(`${provider.issuer}/session/end`);
  await fetch(`${provider.issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'password' }) });
  expect(warnings).toEqual(['development identity provider refused']);
  for (const method of printed) expect(method).not.toHaveBeenCalled();
});
