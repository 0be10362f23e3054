import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  discovery,
  type IDToken,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { BrowserSession } from './browser-session.js';

/** Sign-in page, account switch, resume and callback are six at most. */
const STEPS_MAX = 12;

export interface SignInRequest {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Who to choose on the sign-in page. */
  readonly subject: string;
  readonly password?: string;
  /** Default `openid email profile`. */
  readonly scope?: string;
  /** Default: the provider's audience. */
  readonly resource?: string;
  /** Step-up (RFC 9470), in order of preference. The second factor is confirmed when asked for. */
  readonly acrValues?: readonly string[];
  readonly maxAgeSeconds?: number;
  readonly prompt?: 'none' | 'login' | 'consent';
  /** Reuse one to keep the session: single sign-on, step-up, switch of person. Default: a fresh browser. */
  readonly browser?: BrowserSession;
}

export interface SignInTokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresInSeconds: number | undefined;
  readonly scope: string | undefined;
  /** The verified claims of the id token. */
  readonly claims: IDToken;
}

/**
 * Signs a person in at the development provider as a browser would: discovery, authorization code with PKCE S256, the
 * sign-in form, the token endpoint. Throws openid-client's error when the provider refuses, or a sentence with what
 * the sign-in page said.
 */
export async function signIn(request: SignInRequest): Promise<SignInTokens> {
  const issuer = new URL(request.issuer);
  const configuration = await discovery(issuer, request.clientId, undefined, None(), {
    // Loopback without TLS is what a development issuer is.
    ...(issuer.protocol === 'http:' && { execute: [allowInsecureRequests] }),
  });
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const expectedState = randomState();
  const expectedNonce = randomNonce();
  const start = await authorizationUrl(configuration, request, { pkceCodeVerifier, expectedState, expectedNonce });
  const callback = await followToCallback(start, request);
  const tokens = await authorizationCodeGrant(configuration, callback, {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
    ...(request.maxAgeSeconds !== undefined && { maxAge: request.maxAgeSeconds }),
  });
  const claims = tokens.claims();
  if (claims === undefined || tokens.id_token === undefined) throw new Error('The provider returned no id token.');
  return {
    accessToken: tokens.access_token,
    idToken: tokens.id_token,
    refreshToken: tokens.refresh_token,
    expiresInSeconds: tokens.expires_in,
    scope: tokens.scope,
    claims,
  };
}

async function authorizationUrl(
  configuration: Configuration,
  request: SignInRequest,
  secrets: { pkceCodeVerifier: string; expectedState: string; expectedNonce: string },
): Promise<URL> {
  return buildAuthorizationUrl(configuration, {
    redirect_uri: request.redirectUri,
    scope: request.scope ?? 'openid email profile',
    code_challenge: await calculatePKCECodeChallenge(secrets.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: secrets.expectedState,
    nonce: secrets.expectedNonce,
    ...(request.resource !== undefined && { resource: request.resource }),
    ...(request.acrValues !== undefined && { acr_values: request.acrValues.join(' ') }),
    ...(request.maxAgeSeconds !== undefined && { max_age: String(request.maxAgeSeconds) }),
    ...(request.prompt !== undefined && { prompt: request.prompt }),
  });
}

/** Walks redirects and forms until the address is the client's, which nobody needs to serve. */
async function followToCallback(start: URL, request: SignInRequest): Promise<URL> {
  const browser = request.browser ?? new BrowserSession();
  const callback = new URL(request.redirectUri);
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    if (url.origin === callback.origin && url.pathname === callback.pathname) return url;
    const response = await browser.fetch(url, form);
    const body = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url);
      form = undefined;
    } else {
      ({ url, form } = nextForm(url, response.status, body, form !== undefined, request));
    }
  }
  throw new Error(`The sign-in at ${request.issuer} did not reach ${request.redirectUri} in ${STEPS_MAX} steps.`);
}

function nextForm(
  url: URL,
  status: number,
  body: string,
  isAnswer: boolean,
  request: SignInRequest,
): { url: URL; form: URLSearchParams } {
  const alert = /<p role="alert">([^<]*)</.exec(body)?.[1];
  if (status !== 200)
    throw new Error(`The identity provider refused the sign-in (${status}): ${alert ?? body.slice(0, 200)}`);
  if (/\/interaction\/[\w-]+$/.test(url.pathname) && !isAnswer) {
    const form = new URLSearchParams({ subject: request.subject });
    if (request.password !== undefined) form.set('password', request.password);
    if (body.includes('name="second_factor"')) form.set('second_factor', 'confirmed');
    return { url, form };
  }
  // The provider's self-submitting form when the person changes within a session.
  const action = /<form[^>]* action="([^"]+)"/.exec(body)?.[1];
  if (action === undefined) throw new Error(`The identity provider showed an unexpected page at ${url.href}.`);
  const next = new URLSearchParams();
  for (const [, name = '', value = ''] of body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
    next.append(name, value);
  }
  return { url: new URL(action, url), form: next };
}
