import { randomBytes } from 'node:crypto';
import { type Client, type Context, errors, type GrantSource } from 'oidc-provider';
import { AUTHENTICATION_CONTEXTS } from './authentication-level.js';
import type { DevelopmentClient, DevelopmentUser, IdentityProviderOptions } from './identity-provider-options.js';
import type { MemoryStore } from './memory-store.js';
import { renderError, renderSignedOut, renderSignOut } from './notice-pages.js';
import { createSignInPolicy } from './sign-in-policy.js';
import { generateSigningKeys } from './signing-keys.js';

const DAY_SECONDS = 24 * 3600;
const IDENTITY_SCOPES = ['openid', 'email', 'profile'];

/** The configuration of `oidc-provider`. Every hook it would warn about is set, so it prints nothing. */
export function createProviderConfiguration(
  options: IdentityProviderOptions,
  store: MemoryStore,
): Record<string, unknown> {
  const prefix = new URL(options.issuer).pathname.replace(/\/$/, '');
  return {
    adapter: (model: string) => store.adapter(model),
    jwks: options.signingKeys ?? generateSigningKeys(),
    clients: options.clients.map((client) => clientMetadata(client)),
    clientBasedCORS: (_context: Context, origin: string, client: Client) =>
      origin === new URL(options.issuer).origin || client.redirectUris.some((uri) => new URL(uri).origin === origin),
    scopes: [...IDENTITY_SCOPES, 'offline_access'],
    claims: {
      openid: ['sub', 'sid', 'acr', 'amr', 'auth_time'],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username'],
    },
    acrValues: [...new Set([...AUTHENTICATION_CONTEXTS, ...options.users.flatMap(({ acr }) => acr ?? [])])],
    responseTypes: ['code'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_context: Context, client: Client) => client.grantTypeAllowed('refresh_token'),
    // A browser's tokens end with its session. The command line has no browser to keep one in.
    expiresWithSession: ({ oidc }: Context) => oidc.client?.applicationType !== 'native',
    findAccount: (_context: Context, subject: string, source?: GrantSource) =>
      findAccount(options.users, subject, source),
    extraTokenClaims: ({ oidc }: Context) => accessTokenClaims(options.users, oidc),
    loadExistingGrant: grantEverythingRequested,
    interactions: {
      policy: createSignInPolicy(),
      url: (_context: Context, interaction: { uid: string }) => `${prefix}/interaction/${interaction.uid}`,
    },
    cookies: {
      names: { session: 'idp_session', interaction: 'idp_interaction', resume: 'idp_resume' },
      keys: [randomBytes(32).toString('base64url')],
      long: { httpOnly: true, sameSite: 'lax', path: prefix === '' ? '/' : prefix },
      short: { httpOnly: true, sameSite: 'lax' },
    },
    features: features(options),
    ttl: lifetimes(options),
    renderError,
  };
}

function features(options: IdentityProviderOptions): Record<string, unknown> {
  return {
    devInteractions: { enabled: false },
    // Every access token is for our graph, and carries what userinfo would say.
    userinfo: { enabled: false },
    revocation: {
      enabled: true,
      allowedPolicy: (_context: Context, client: Client, token: { clientId: string }) =>
        token.clientId === client.clientId,
    },
    rpInitiatedLogout: { enabled: true, logoutSource: renderSignOut, postLogoutSuccessSource: renderSignedOut },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_context: Context, _client: Client, oneOf?: readonly string[]) =>
        oneOf === undefined || oneOf.includes(options.audience) ? options.audience : oneOf[0],
      useGrantedResource: () => true,
      getResourceServerInfo: (_context: Context, resource: string) => resourceServer(options, resource),
    },
  };
}

/** RFC 9068 access tokens for the audiences we know; any other is `invalid_target` (RFC 8707). */
function resourceServer(options: IdentityProviderOptions, resource: string): Record<string, unknown> {
  if (resource !== options.audience && options.otherAudiences?.includes(resource) !== true) {
    throw new errors.InvalidTarget();
  }
  return {
    audience: resource,
    scope: IDENTITY_SCOPES.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: options.accessTokenSeconds ?? 900,
  };
}

function lifetimes(options: IdentityProviderOptions): Record<string, number> {
  const accessTokenSeconds = options.accessTokenSeconds ?? 900;
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: 60,
    IdToken: accessTokenSeconds,
    RefreshToken: options.refreshTokenSeconds ?? 14 * DAY_SECONDS,
    Interaction: 3600,
    Session: 14 * DAY_SECONDS,
    Grant: 14 * DAY_SECONDS,
  };
}

function clientMetadata(client: DevelopmentClient): Record<string, unknown> {
  return {
    client_id: client.clientId,
    client_name: client.name,
    application_type: client.kind === 'native' ? 'native' : 'web',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris ?? [],
  };
}

async function findAccount(users: readonly DevelopmentUser[], subject: string, source?: GrantSource): Promise<unknown> {
  const user = users.find((candidate) => candidate.subject === subject);
  if (user === undefined) return undefined;
  return {
    accountId: subject,
    claims: async () => ({ sub: subject, sid: source?.sessionUid, ...personClaims(user) }),
  };
}

function personClaims(user: DevelopmentUser): Record<string, unknown> {
  return { email: user.email, email_verified: true, name: user.name, preferred_username: user.email };
}

/** RFC 9068, 2.2: how and when the person signed in, and as much of who they are as the granted scopes say. */
function accessTokenClaims(
  users: readonly DevelopmentUser[],
  oidc: Context['oidc'],
): Record<string, unknown> | undefined {
  const source = oidc.entities.RefreshToken ?? oidc.entities.AuthorizationCode;
  const user = users.find(({ subject }) => subject === source?.accountId);
  if (source === undefined || user === undefined) return undefined;
  const person = personClaims(user);
  return {
    auth_time: source.authTime,
    acr: source.acr,
    amr: source.amr,
    sid: source.sessionUid,
    ...(source.scopes.has('email') && { email: person['email'], email_verified: person['email_verified'] }),
    ...(source.scopes.has('profile') && { name: person['name'], preferred_username: person['preferred_username'] }),
  };
}

/** First-party clients need no consent: whatever they may ask for is granted as they ask. */
async function grantEverythingRequested(context: Context): Promise<unknown> {
  const { account, client, provider, result, session } = context.oidc;
  if (account === undefined || client === undefined) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const existing = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = existing ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  grant.addOIDCScope([...context.oidc.requestParamOIDCScopes].join(' '));
  for (const [resource, server] of Object.entries(context.oidc.resourceServers)) {
    const scopes = [...context.oidc.requestParamScopes].filter((scope) => server.scopes.has(scope));
    if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '));
  }
  await grant.save();
  return grant;
}
