import { SignJWT, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../../../kernel/access/actor.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { eventually } from '../../../../../kernel/testing/test-kernel.js';
import {
  BrowserSession,
  MULTI_FACTOR,
  type SignInTokens,
  signIn,
} from '../../../../../processes/development/identity-provider/index.js';
import {
  AUDIENCE,
  CONSOLE_REDIRECT,
  type TestProvider,
  startTestProvider,
} from '../../../../../processes/development/identity-provider/testing-provider.js';
import { type CredentialNode, type CredentialWorld, startCredentialWorld } from '../../testing/credential-world.js';
import { revokeOwnSession, revokeSession } from '../../usecases/credentials/revoke-session.js';

let provider: TestProvider;
let world: CredentialWorld;

beforeAll(async () => {
  provider = await startTestProvider({ otherAudiences: ['https://other.test/api'] });
  world = await startCredentialWorld({ OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: AUDIENCE });
});
afterAll(async () => {
  await world.close();
  await provider.close();
});

const origin = {
  correlationId: 'test-correlation',
  ip: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
};

async function signedIn(subject: string, options: Partial<Parameters<typeof signIn>[0]> = {}): Promise<SignInTokens> {
  return signIn({ issuer: provider.issuer, clientId: 'console', redirectUri: CONSOLE_REDIRECT, subject, ...options });
}

const authenticate = (token: string, node: CredentialNode = world): Promise<Actor> =>
  node.parts.credentials.authenticate(token, origin);

async function rows<Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
  return world.kernel.database.read('system', (tx) => tx.rows<Row>(text, values));
}

describe('a person who signs in', () => {
  it('becomes a user with e-mail and name at the first token, and one session for all tokens of it', async () => {
    const { accessToken } = await signedIn('ada');
    const results = await Promise.all(Array.from({ length: 8 }, () => authenticate(accessToken)));
    expect(new Set(results.map((actor) => `${actor.id} ${actor.sessionId}`)).size).toBe(1);
    expect(results[0]).toMatchObject({
      kind: 'human',
      displayName: 'Ada Lovelace',
      assurance: 1,
      ip: '192.0.2.7',
      organizationIds: [],
    });
    expect(results[0]?.authenticatedAt).toBeGreaterThan(Date.now() / 1000 - 60);
    const users = await rows(
      `select email, display_name, first_signed_in_at is not null as signed_in from iam.users where oidc_subject = 'ada'`,
    );
    expect(users).toEqual([{ email: 'ada@example.test', display_name: 'Ada Lovelace', signed_in: true }]);
    const sessions = await rows(
      `select device, browser, operating_system, ip from iam.account_sessions where user_id = $1`,
      [results[0]?.id],
    );
    expect(sessions).toEqual([{ device: 'computer', browser: 'Firefox', operating_system: 'Linux', ip: '192.0.2.7' }]);
    const actions = world.authority.records.map((record) => record.action);
    expect(actions.filter((action) => action === 'iam.user.register')).toHaveLength(1);
    expect(actions.filter((action) => action === 'iam.session.start')).toHaveLength(1);
  });

  it('is met by the row that an invitation made, and keeps what it was given', async () => {
    const id = newId('usr');
    await world.kernel.database.transaction('system', (tx) =>
      tx.row('select iam.ensure_user($1, $2, $3, null, $4)', [id, provider.issuer, 'grace', 'Invited']),
    );
    world.access.memberships.set(id, ['org_invited']);
    const { accessToken } = await signedIn('grace');
    expect(await authenticate(accessToken)).toMatchObject({ id, organizationIds: ['org_invited'], assurance: 3 });
    expect(await rows('select email, display_name from iam.users where id = $1', [id])).toEqual([
      { email: 'grace@example.test', display_name: 'Grace Hopper' },
    ]);
  });

  it('steps up in the same session, which shows the new strength', async () => {
    const browser = new BrowserSession();
    const first = await authenticate((await signedIn('ada', { browser })).accessToken);
    const second = await authenticate((await signedIn('ada', { browser, acrValues: [MULTI_FACTOR] })).accessToken);
    expect([first.assurance, second.assurance]).toEqual([1, 2]);
    expect(second.id).toBe(first.id);
    await eventually(async () => {
      const [session] = await rows('select assurance from iam.account_sessions where id = $1', [second.sessionId]);
      return session?.['assurance'] === 2;
    });
  });

  it('is out within a second in every process once the session is revoked, also with a new token of it', async () => {
    const browser = new BrowserSession();
    const { accessToken } = await signedIn('ada', { browser });
    const other = await world.addNode();
    const actor = await authenticate(accessToken, other);
    const context = world.kernel.context({ actor: await authenticate(accessToken), correlationId: 'test-correlation' });
    const startedAt = performance.now();
    expect(await context.execute(revokeOwnSession, { id: actor.sessionId })).toMatchObject({ ok: true });
    for (const node of [world, other]) {
      await eventually(() =>
        authenticate(accessToken, node).then(
          () => false,
          (error: { code?: string }) => error.code === 'TOKEN_INVALID',
        ),
      );
    }
    expect(performance.now() - startedAt).toBeLessThan(1000);
    const again = await signedIn('ada', { browser, prompt: 'none' }).catch(() => null);
    expect(again).not.toBeNull();
    await expect(authenticate(again?.accessToken ?? '')).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(await context.execute(revokeOwnSession, { id: actor.sessionId })).toMatchObject({
      ok: false,
      refusals: [{ code: 'INVALID_STATE' }],
    });
    expect(await authenticate((await signedIn('ada')).accessToken)).toMatchObject({ id: actor.id });
  });

  it('ends sessions of others only with the permission, and not at all with an API key', async () => {
    const ada = await authenticate((await signedIn('ada')).accessToken);
    const emmy = await authenticate((await signedIn('emmy')).accessToken);
    const as = (actor: Actor) => world.kernel.context({ actor, correlationId: 'test-correlation' });
    expect(await as(emmy).execute(revokeOwnSession, { id: ada.sessionId })).toMatchObject({
      ok: false,
      refusals: [{ code: 'NOT_FOUND' }],
    });
    await expect(as(emmy).execute(revokeSession, { id: ada.sessionId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await as({ ...ada, kind: 'api_key' }).execute(revokeOwnSession, { id: ada.sessionId })).toMatchObject({
      ok: false,
      refusals: [{ code: 'POLICY_DENIED' }],
    });
    expect(await as(world.admin).execute(revokeSession, { id: ada.sessionId, reason: 'lost laptop' })).toMatchObject({
      ok: true,
    });
  });

  it('is out within a second when disabled, by whatever way, and in again when enabled', async () => {
    const { accessToken } = await signedIn('emmy');
    const { id } = await authenticate(accessToken);
    const disable = (isDisabled: boolean): Promise<number> =>
      world.kernel.database.transaction('system', (tx) =>
        tx.execute('update iam.users set is_disabled = $2 where id = $1', [id, isDisabled]),
      );
    const startedAt = performance.now();
    await disable(true);
    await eventually(() =>
      authenticate(accessToken).then(
        () => false,
        (error: { code?: string }) => error.code === 'TOKEN_INVALID',
      ),
    );
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await disable(false);
    await eventually(() => authenticate(accessToken).catch(() => null));
  });
});

describe('a token of the identity provider', () => {
  it('is refused when it is an ID token, for another audience, forged, unsigned, or of nobody we know', async () => {
    const { idToken, accessToken } = await signedIn('ada');
    const elsewhere = await signedIn('ada', { resource: 'https://other.test/api' });
    const [header = '', payload = ''] = accessToken.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const stranger = await generateKeyPair('RS256');
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid })
      .sign(stranger.privateKey);
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(Buffer.alloc(32, 1));
    const none = `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')}.${payload}.`;
    const foreign = await new SignJWT({ ...claims, iss: 'https://foreign.test' })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
      .sign(stranger.privateKey);
    for (const bad of [idToken, elsewhere.accessToken, forged, confused, none, foreign]) {
      await expect(authenticate(bad)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    }
  });

  it('stays good while the provider is away, and a new node says that it cannot know', async () => {
    const own = await startTestProvider();
    const apart = await startCredentialWorld({ OIDC_ISSUER: own.issuer, OIDC_AUDIENCE: AUDIENCE });
    try {
      const request = { issuer: own.issuer, clientId: 'console', redirectUri: CONSOLE_REDIRECT, subject: 'ada' };
      const [known, unseen] = [await signIn(request), await signIn(request)];
      const first = await authenticate(known.accessToken, apart);
      await own.close();
      expect(await authenticate(known.accessToken, apart)).toMatchObject({ id: first.id });
      expect(await authenticate(unseen.accessToken, apart)).toMatchObject({ id: first.id });
      await expect(authenticate(known.accessToken, await apart.addNode())).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
    } finally {
      await apart.close();
      await own.close().catch(() => {});
    }
  });

  it('expires', async () => {
    const brief = await startTestProvider({ accessTokenSeconds: 1 });
    const apart = await startCredentialWorld({ OIDC_ISSUER: brief.issuer, OIDC_AUDIENCE: AUDIENCE });
    try {
      const { accessToken } = await signIn({
        issuer: brief.issuer,
        clientId: 'console',
        redirectUri: CONSOLE_REDIRECT,
        subject: 'ada',
      });
      await authenticate(accessToken, apart);
      await eventually(
        () =>
          authenticate(accessToken, apart).then(
            () => false,
            (error: { code?: string }) => error.code === 'TOKEN_EXPIRED',
          ),
        { milliseconds: 9000 },
      );
    } finally {
      await apart.close();
      await brief.close();
    }
  });

  it('is in no line of the log, and neither is any other credential of a whole flow', async () => {
    const { accessToken, idToken } = await signedIn('ada');
    await authenticate(accessToken);
    await expect(authenticate(idToken)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    const secret = `gps_${'s'.repeat(43)}`;
    const response = await fetch(`${world.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'sak_x', client_secret: secret }),
      headers: { authorization: 'Basic c2FrX3g6c2VjcmV0LW9mLWJhc2lj' },
    });
    expect(response.status).toBe(400);
    const logged = world.logged();
    expect(logged).toContain('/oauth/token');
    for (const credential of [
      accessToken,
      idToken,
      secret,
      'c2FrX3g6c2VjcmV0LW9mLWJhc2lj',
      ...[accessToken, idToken].map((token) => token.split('.')[2] ?? ''),
    ]) {
      expect(logged).not.toContain(credential);
    }
  });
});
