import {
  type CryptoKey,
  type JWK,
  SignJWT,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
} from 'jose';
import {
  ClientSecretBasic,
  ClientSecretPost,
  PrivateKeyJwt,
  clientCredentialsGrant,
  tokenIntrospection,
  tokenRevocation,
} from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import { type CredentialWorld, startCredentialWorld } from '../testing/credential-world.js';
import { OAuthClients } from '../testing/oauth-clients.js';

let world: CredentialWorld;
let clients: OAuthClients;

beforeAll(async () => {
  world = await startCredentialWorld();
  clients = new OAuthClients(world);
});
afterAll(() => world.close());

describe('the token endpoint', () => {
  it('is found and used by a standard client, with Basic and with form authentication', async () => {
    const client = await clients.makeClient();
    for (const way of [ClientSecretBasic(client.secret), ClientSecretPost(client.secret)]) {
      const configuration = await clients.discover(client.clientId, way);
      const tokens = await clientCredentialsGrant(configuration, { scope: 'allocations.allocation.read' });
      expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'allocations.allocation.read' });
      expect(await clients.authenticate(tokens.access_token)).toMatchObject({
        kind: 'service_account',
        id: client.accountId,
        projectId: world.place.projectId,
        organizationIds: [world.place.organizationId],
        allowList: ['allocations.allocation.read'],
      });
    }
  });

  it('issues RFC 9068 tokens that verify with the published keys and name account, client, project and organization', async () => {
    const client = await clients.makeClient();
    const token = await clients.mint(client);
    const keys = (await (await fetch(`${world.url}/.well-known/jwks.json`)).json()) as Parameters<
      typeof createLocalJWKSet
    >[0];
    expect(JSON.stringify(keys)).not.toContain('"d"');
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: world.url,
      audience: `${world.url}/graphql`,
      typ: 'at+jwt',
    });
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
    expect(payload).toMatchObject({
      sub: client.accountId,
      client_id: client.clientId,
      org_id: world.place.organizationId,
      project_id: world.place.projectId,
      actor_type: 'service_account',
      scope: 'allocations.*',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  });

  it('accepts a signed assertion instead of a secret, once', async () => {
    const { accountId } = await clients.makeClient();
    const pair = await generateKeyPair('ES256', { extractable: true });
    const { id } = await clients.run('iam.service_account_key.create', {
      serviceAccountId: accountId,
      publicJwk: await exportJWK(pair.publicKey),
    });
    const configuration = await clients.discover(id, PrivateKeyJwt(pair.privateKey));
    const tokens = await clientCredentialsGrant(configuration);
    expect(await clients.authenticate(tokens.access_token)).toMatchObject({ id: accountId });
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(`${world.url}/oauth/token`)
      .setIssuedAt()
      .setExpirationTime('1m')
      .setJti('once')
      .sign(pair.privateKey);
    const form = {
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    expect((await clients.post(form)).status).toBe(200);
    expect((await clients.post(form)).status).toBe(401);
  });

  it('refuses as RFC 6749 says, is never cached, and audits each denial', async () => {
    const client = await clients.makeClient();
    const good = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret };
    const basic = (secret: string): string => `Basic ${Buffer.from(`${client.clientId}:${secret}`).toString('base64')}`;
    const denials = (): number =>
      world.authority.records.filter((record) => record.action === 'iam.token.issue' && record.result !== 'success')
        .length;
    const before = denials();
    const cases: [Promise<Response>, number, string][] = [
      [clients.post({ ...good, client_secret: `${client.secret}x` }), 401, 'invalid_client'],
      [clients.post({ ...good, client_id: 'sak_unknown' }), 401, 'invalid_client'],
      [clients.post({ grant_type: 'client_credentials' }), 401, 'invalid_client'],
      [clients.post({ grant_type: 'client_credentials' }, { authorization: basic('wrong') }), 401, 'invalid_client'],
      [clients.post({ grant_type: 'client_credentials' }, { authorization: 'Basic !!!' }), 401, 'invalid_client'],
      [clients.post(good, { authorization: basic(client.secret) }), 400, 'invalid_request'],
      [clients.post({ client_id: client.clientId, client_secret: client.secret }), 400, 'invalid_request'],
      [clients.post({ ...good, grant_type: 'password' }), 400, 'unsupported_grant_type'],
      [clients.post({ ...good, scope: 'billing.account.read' }), 400, 'invalid_scope'],
      [clients.post({ ...good, resource: 'https://elsewhere.test' }), 400, 'invalid_target'],
      [clients.post(`${new URLSearchParams(good).toString()}&scope=a&scope=b`), 400, 'invalid_request'],
      [clients.post('{}', { 'content-type': 'application/json' }), 400, 'invalid_request'],
      [clients.post({ ...good, padding: 'x'.repeat(20_000) }), 413, 'invalid_request'],
      [fetch(`${world.url}/oauth/token`), 405, 'invalid_request'],
    ];
    for (const [request, status, error] of cases) {
      const response = await request;
      expect(await response.json()).toMatchObject({ error, error_description: expect.any(String) });
      expect(response.status).toBe(status);
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
    const withBasic = await clients.post({ grant_type: 'client_credentials' }, { authorization: basic('wrong') });
    expect(withBasic.headers.get('www-authenticate')).toContain('Basic');
    // Three wrong secrets or clients, one wrong grant, one scope, one resource, and the wrong secret in Basic; a request
    // that names no client, or is malformed, is nobody's denial.
    expect(denials() - before).toBe(7);
    await clients.mint(client);
    expect(world.authority.records.at(-1)).toMatchObject({
      action: 'iam.token.issue',
      result: 'success',
      targetId: client.accountId,
    });
  });
});

describe('an access token', () => {
  it('is refused when it is forged, of another audience or issuer, unsigned, confused, expired, or an ID token', async () => {
    const client = await clients.makeClient();
    const token = await clients.mint(client);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const kid = (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
    const keys = (await (await fetch(`${world.url}/.well-known/jwks.json`)).json()) as { keys: { x: string }[] };
    const publicKey = Buffer.from(keys.keys[0]?.x ?? '', 'base64url');
    const stranger = await generateKeyPair('EdDSA');
    const sign = (
      changes: Record<string, unknown>,
      key: CryptoKey | Uint8Array,
      head: Record<string, unknown> = {},
    ): Promise<string> =>
      new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...head })
        .sign(key);
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forged = [
      await sign({}, stranger.privateKey),
      await sign({}, stranger.privateKey, { kid: 'sgk_unknown' }),
      await sign({}, publicKey, { alg: 'HS256' }),
      `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`,
      `${header}.${encode({ ...claims, project_id: 'prj_other' })}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      'rubbish',
      `gpk_${'x'.repeat(43)}`,
      'x'.repeat(10_000),
    ];
    for (const bad of forged) await expect(clients.authenticate(bad)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    const ours = (changes: Record<string, unknown>, head: Record<string, unknown> = {}): Promise<string> =>
      signWithOurKey({ ...claims, ...changes }, { kid, ...head });
    expect(await clients.authenticate(await ours({ jti: 'tkn_other' }))).toMatchObject({ id: client.accountId });
    await expect(clients.authenticate(await ours({ aud: 'https://elsewhere.test' }))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expect(clients.authenticate(await ours({ iss: 'https://elsewhere.test' }))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expect(clients.authenticate(await ours({}, { typ: 'JWT' }))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(clients.authenticate(await ours({ sub: 'sva_other' }))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expect(clients.authenticate(await ours({ iat: 1, exp: 2 }))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('is told about to clients of its own project only', async () => {
    const client = await clients.makeClient();
    const token = await clients.mint(client);
    const configuration = await clients.discover(client.clientId, ClientSecretBasic(client.secret));
    expect(await tokenIntrospection(configuration, token)).toMatchObject({
      active: true,
      sub: client.accountId,
      client_id: client.clientId,
    });
    expect(await tokenIntrospection(configuration, 'rubbish')).toEqual({ active: false });
    const stranger = await clients.makeForeignClient();
    const foreign = await clients.discover(stranger.clientId, ClientSecretBasic(stranger.secret));
    expect(await tokenIntrospection(foreign, token)).toEqual({ active: false });
    await expect(tokenRevocation(foreign, token)).rejects.toMatchObject({ error: 'invalid_request' });
    expect(await clients.authenticate(token)).toMatchObject({ id: client.accountId });
  });

  it('ends by revocation in every process within a second, and a second revocation is no error', async () => {
    const client = await clients.makeClient();
    const other = await world.addNode();
    const [token, kept] = [await clients.mint(client), await clients.mint(client)];
    expect(await clients.authenticate(token, other)).toMatchObject({ id: client.accountId });
    const configuration = await clients.discover(client.clientId, ClientSecretBasic(client.secret));
    const startedAt = performance.now();
    await tokenRevocation(configuration, token);
    await expect(clients.authenticate(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(await clients.untilRefused(token, other, startedAt)).toBeLessThan(1000);
    await tokenRevocation(configuration, token);
    await tokenRevocation(configuration, 'rubbish');
    expect(await clients.authenticate(kept, other)).toMatchObject({ id: client.accountId });
  });
});

describe('a service account', () => {
  it('mints nothing once it is disabled, and its tokens end everywhere within a second; enabling does not bring them back', async () => {
    const client = await clients.makeClient();
    const other = await world.addNode();
    const token = await clients.mint(client);
    expect(await clients.authenticate(token, other)).toMatchObject({ id: client.accountId });
    const startedAt = performance.now();
    await clients.run('iam.service_account.disable', { id: client.accountId, reason: 'leaked' });
    await expect(clients.mint(client)).rejects.toThrow('invalid_client');
    expect(await clients.untilRefused(token, other, startedAt)).toBeLessThan(1000);
    await clients.run('iam.service_account.enable', { id: client.accountId, reason: 'found' });
    await eventually(() => clients.mint(client).catch(() => null));
    await expect(clients.authenticate(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await eventually(async () => clients.authenticate(await clients.mint(client), other).catch(() => null));
    await clients.run('iam.service_account.delete', { id: client.accountId, reason: 'done' });
    await expect(clients.mint(client)).rejects.toThrow('invalid_client');
  });

  it('rotates its keys with overlap, and a revoked key ends with its tokens while the other stays', async () => {
    const client = await clients.makeClient();
    const second = await clients.run('iam.service_account_key.create', { serviceAccountId: client.accountId });
    const old = await clients.mint(client);
    const fresh = await clients.mint({ clientId: second.id, secret: second.reveal ?? '' });
    await expect(clients.run('iam.service_account_key.create', { serviceAccountId: client.accountId })).rejects.toThrow(
      'LIMIT_REACHED',
    );
    const startedAt = performance.now();
    await clients.run('iam.service_account_key.revoke', { id: client.clientId });
    expect(await clients.untilRefused(old, world, startedAt)).toBeLessThan(1000);
    await expect(clients.mint(client)).rejects.toThrow('invalid_client');
    expect(await clients.authenticate(fresh)).toMatchObject({ id: client.accountId });
  });
});

describe('the log', () => {
  it('has no credential in it after all of the above, nor after a whole flow of one client', async () => {
    const client = await clients.makeClient();
    const token = await clients.mint(client);
    await clients.authenticate(token);
    const basic = Buffer.from(`${client.clientId}:${client.secret}`).toString('base64');
    await clients.post({ grant_type: 'client_credentials' }, { authorization: `Basic ${basic}` });
    await clients.post({ token, client_id: client.clientId, client_secret: client.secret }, {}, '/oauth/introspect');
    await clients.post({ token, client_id: client.clientId, client_secret: client.secret }, {}, '/oauth/revoke');
    const apiKey = await clients.run('iam.api_key.create', {
      projectId: world.place.projectId,
      name: 'key',
      allowList: ['*'],
    });
    await world.parts.credentials.apiKey(apiKey.reveal ?? '');
    const logged = world.logged();
    expect(logged).toContain('/oauth/introspect');
    for (const credential of [client.secret, token, basic, apiKey.reveal ?? 'gpk_'])
      expect(logged).not.toContain(credential);
    expect(logged).not.toMatch(/gp[sk]_[A-Za-z0-9_-]{43}|eyJ[A-Za-z0-9_-]+\.eyJ/);
    expect(JSON.stringify(world.authority.records)).not.toMatch(/gp[sk]_[A-Za-z0-9_-]{43}|eyJ[A-Za-z0-9_-]+\.eyJ/);
  });
});

describe('guessing', () => {
  it('closes to a source that only fails, and audits that once', async () => {
    const before = world.authority.records.length;
    const other = { grant_type: 'client_credentials', client_id: 'sak_nobody', client_secret: 'no' };
    const innocent = await clients.makeClient();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 70; attempt += 1) statuses.push((await clients.post(other)).status);
    expect(statuses.at(-1)).toBe(429);
    const records = world.authority.records.slice(before).filter((record) => record.action === 'iam.token.issue');
    expect(await clients.mint(innocent)).toMatch(/^eyJ/);
    expect(records.filter((record) => record.reasonCode === 'throttled')).toHaveLength(1);
    expect(records.length).toBeLessThanOrEqual(61);
  });
});

/** What a platform with a bug, or a second audience, might sign: good keys, other claims. */
async function signWithOurKey(claims: Record<string, unknown>, header: Record<string, unknown>): Promise<string> {
  const row = await world.kernel.database.read('system', (tx) =>
    tx.row<{ secret_id: string }>(`select secret_id from iam.signing_keys where state = 'active'`),
  );
  const jwk = await world.kernel.database.read('system', (tx) => world.parts.secrets.open(tx, row?.secret_id ?? ''));
  const key = await importJWK(JSON.parse(jwk ?? '{}') as JWK, 'EdDSA');
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...header }).sign(key);
}
