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
  type Configuration,
  PrivateKeyJwt,
  allowInsecureRequests,
  clientCredentialsGrant,
  discovery,
  tokenIntrospection,
  tokenRevocation,
} from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import {
  type CredentialNode,
  type CredentialWorld,
  makePlace,
  startCredentialWorld,
} from '../testing/credential-world.js';

let world: CredentialWorld;
const origin = { correlationId: 'test-correlation', ip: '192.0.2.1', userAgent: 'test' };

beforeAll(async () => {
  world = await startCredentialWorld();
});
afterAll(() => world.close());

let accounts = 0;

async function run(action: string, input: unknown): Promise<{ id: string; reveal: string | undefined }> {
  const command = world.parts.commands.find((candidate) => candidate.action === action);
  if (command === undefined) throw new Error(`no command ${action}`);
  const result = await world.kernel
    .context({ actor: world.admin, correlationId: 'test-correlation' })
    .execute(command, input);
  if (!result.ok) throw new Error(JSON.stringify(result.refusals));
  return { id: (result.value as { id: string }).id, reveal: result.reveal };
}

async function makeClient(
  allowList = ['allocations.*'],
): Promise<{ accountId: string; clientId: string; secret: string }> {
  accounts += 1;
  const input = { projectId: world.place.projectId, name: 'Robot', slug: `robot-${accounts}`, allowList };
  const account = await run('iam.service_account.create', input);
  const key = await run('iam.service_account_key.create', { serviceAccountId: account.id });
  return { accountId: account.id, clientId: key.id, secret: key.reveal ?? '' };
}

async function discover(
  clientId: string,
  authentication: ReturnType<typeof ClientSecretBasic>,
): Promise<Configuration> {
  return discovery(new URL(world.url), clientId, undefined, authentication, {
    algorithm: 'oauth2',
    execute: [allowInsecureRequests],
  });
}

async function post(
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
  path = '/oauth/token',
): Promise<Response> {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return fetch(world.url + path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
}

async function mint(client: { clientId: string; secret: string }, extra: Record<string, string> = {}): Promise<string> {
  const response = await post({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.secret,
    ...extra,
  });
  const body = (await response.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(JSON.stringify(body));
  return body.access_token;
}

const authenticate = (token: string, by: CredentialNode = world): Promise<unknown> =>
  by.parts.credentials.authenticate(token, origin);

describe('the token endpoint', () => {
  it('is found and used by a standard client, with Basic and with form authentication', async () => {
    const client = await makeClient();
    for (const way of [ClientSecretBasic(client.secret), ClientSecretPost(client.secret)]) {
      const configuration = await discover(client.clientId, way);
      const tokens = await clientCredentialsGrant(configuration, { scope: 'allocations.allocation.read' });
      expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'allocations.allocation.read' });
      expect(await authenticate(tokens.access_token)).toMatchObject({
        kind: 'service_account',
        id: client.accountId,
        projectId: world.place.projectId,
        organizationIds: [world.place.organizationId],
        allowList: ['allocations.allocation.read'],
      });
    }
  });

  it('issues RFC 9068 tokens that verify with the published keys and name account, client, project and organization', async () => {
    const client = await makeClient();
    const token = await mint(client);
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
    const { accountId } = await makeClient();
    const pair = await generateKeyPair('ES256', { extractable: true });
    const { id } = await run('iam.service_account_key.create', {
      serviceAccountId: accountId,
      publicJwk: await exportJWK(pair.publicKey),
    });
    const configuration = await discover(id, PrivateKeyJwt(pair.privateKey));
    const tokens = await clientCredentialsGrant(configuration);
    expect(await authenticate(tokens.access_token)).toMatchObject({ id: accountId });
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
    expect((await post(form)).status).toBe(200);
    expect((await post(form)).status).toBe(401);
  });

  it('refuses as RFC 6749 says, is never cached, and audits each denial', async () => {
    const client = await makeClient();
    const good = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.secret };
    const basic = (secret: string): string => `Basic ${Buffer.from(`${client.clientId}:${secret}`).toString('base64')}`;
    const denials = (): number =>
      world.authority.records.filter((record) => record.action === 'iam.token.issue' && record.result !== 'success')
        .length;
    const before = denials();
    const cases: [Promise<Response>, number, string][] = [
      [post({ ...good, client_secret: `${client.secret}x` }), 401, 'invalid_client'],
      [post({ ...good, client_id: 'sak_unknown' }), 401, 'invalid_client'],
      [post({ grant_type: 'client_credentials' }), 401, 'invalid_client'],
      [post({ grant_type: 'client_credentials' }, { authorization: basic('wrong') }), 401, 'invalid_client'],
      [post({ grant_type: 'client_credentials' }, { authorization: 'Basic !!!' }), 401, 'invalid_client'],
      [post(good, { authorization: basic(client.secret) }), 400, 'invalid_request'],
      [post({ client_id: client.clientId, client_secret: client.secret }), 400, 'invalid_request'],
      [post({ ...good, grant_type: 'password' }), 400, 'unsupported_grant_type'],
      [post({ ...good, scope: 'billing.account.read' }), 400, 'invalid_scope'],
      [post({ ...good, resource: 'https://elsewhere.test' }), 400, 'invalid_target'],
      [post(`${new URLSearchParams(good).toString()}&scope=a&scope=b`), 400, 'invalid_request'],
      [post('{}', { 'content-type': 'application/json' }), 400, 'invalid_request'],
      [post({ ...good, padding: 'x'.repeat(20_000) }), 413, 'invalid_request'],
      [fetch(`${world.url}/oauth/token`), 405, 'invalid_request'],
    ];
    for (const [request, status, error] of cases) {
      const response = await request;
      expect(await response.json()).toMatchObject({ error, error_description: expect.any(String) });
      expect(response.status).toBe(status);
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
    const withBasic = await post({ grant_type: 'client_credentials' }, { authorization: basic('wrong') });
    expect(withBasic.headers.get('www-authenticate')).toContain('Basic');
    // Three wrong secrets or clients, one wrong grant, one scope, one resource, and the wrong secret in Basic; a request
    // that names no client, or is malformed, is nobody's denial.
    expect(denials() - before).toBe(7);
    await mint(client);
    expect(world.authority.records.at(-1)).toMatchObject({
      action: 'iam.token.issue',
      result: 'success',
      targetId: client.accountId,
    });
  });
});

describe('an access token', () => {
  it('is refused when it is forged, of another audience or issuer, unsigned, confused, expired, or an ID token', async () => {
    const client = await makeClient();
    const token = await mint(client);
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
    for (const bad of forged) await expect(authenticate(bad)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    const ours = (changes: Record<string, unknown>, head: Record<string, unknown> = {}): Promise<string> =>
      signWithOurKey({ ...claims, ...changes }, { kid, ...head });
    expect(await authenticate(await ours({ jti: 'tkn_other' }))).toMatchObject({ id: client.accountId });
    await expect(authenticate(await ours({ aud: 'https://elsewhere.test' }))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expect(authenticate(await ours({ iss: 'https://elsewhere.test' }))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expect(authenticate(await ours({}, { typ: 'JWT' }))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(authenticate(await ours({ sub: 'sva_other' }))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(authenticate(await ours({ iat: 1, exp: 2 }))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('is told about to clients of its own project only', async () => {
    const client = await makeClient();
    const token = await mint(client);
    const configuration = await discover(client.clientId, ClientSecretBasic(client.secret));
    expect(await tokenIntrospection(configuration, token)).toMatchObject({
      active: true,
      sub: client.accountId,
      client_id: client.clientId,
    });
    expect(await tokenIntrospection(configuration, 'rubbish')).toEqual({ active: false });
    const stranger = await makeForeignClient();
    const foreign = await discover(stranger.clientId, ClientSecretBasic(stranger.secret));
    expect(await tokenIntrospection(foreign, token)).toEqual({ active: false });
    await expect(tokenRevocation(foreign, token)).rejects.toMatchObject({ error: 'invalid_request' });
    expect(await authenticate(token)).toMatchObject({ id: client.accountId });
  });

  it('ends by revocation in every process within a second, and a second revocation is no error', async () => {
    const client = await makeClient();
    const other = await world.addNode();
    const [token, kept] = [await mint(client), await mint(client)];
    expect(await authenticate(token, other)).toMatchObject({ id: client.accountId });
    const configuration = await discover(client.clientId, ClientSecretBasic(client.secret));
    const startedAt = performance.now();
    await tokenRevocation(configuration, token);
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await untilRefused(token, other, startedAt);
    await tokenRevocation(configuration, token);
    await tokenRevocation(configuration, 'rubbish');
    expect(await authenticate(kept, other)).toMatchObject({ id: client.accountId });
  });
});

describe('a service account', () => {
  it('mints nothing once it is disabled, and its tokens end everywhere within a second; enabling does not bring them back', async () => {
    const client = await makeClient();
    const other = await world.addNode();
    const token = await mint(client);
    expect(await authenticate(token, other)).toMatchObject({ id: client.accountId });
    const startedAt = performance.now();
    await run('iam.service_account.disable', { id: client.accountId, reason: 'leaked' });
    await expect(mint(client)).rejects.toThrow('invalid_client');
    await untilRefused(token, other, startedAt);
    await run('iam.service_account.enable', { id: client.accountId, reason: 'found' });
    await eventually(() => mint(client).catch(() => null));
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await eventually(async () => authenticate(await mint(client), other).catch(() => null));
    await run('iam.service_account.delete', { id: client.accountId, reason: 'done' });
    await expect(mint(client)).rejects.toThrow('invalid_client');
  });

  it('rotates its keys with overlap, and a revoked key ends with its tokens while the other stays', async () => {
    const client = await makeClient();
    const second = await run('iam.service_account_key.create', { serviceAccountId: client.accountId });
    const old = await mint(client);
    const fresh = await mint({ clientId: second.id, secret: second.reveal ?? '' });
    await expect(run('iam.service_account_key.create', { serviceAccountId: client.accountId })).rejects.toThrow(
      'LIMIT_REACHED',
    );
    const startedAt = performance.now();
    await run('iam.service_account_key.revoke', { id: client.clientId });
    await untilRefused(old, world, startedAt);
    await expect(mint(client)).rejects.toThrow('invalid_client');
    expect(await authenticate(fresh)).toMatchObject({ id: client.accountId });
  });
});

describe('guessing', () => {
  it('closes to a source that only fails, and audits that once', async () => {
    const before = world.authority.records.length;
    const other = { grant_type: 'client_credentials', client_id: 'sak_nobody', client_secret: 'no' };
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 70; attempt += 1) statuses.push((await post(other)).status);
    expect(statuses.at(-1)).toBe(429);
    const records = world.authority.records.slice(before);
    expect(records.filter((record) => record.reasonCode === 'throttled')).toHaveLength(1);
    expect(records.length).toBeLessThanOrEqual(61);
  });
});

/** Polls until the token is refused there, which must be within a second of the revocation. */
async function untilRefused(token: string, node: CredentialNode, startedAt: number): Promise<void> {
  await eventually(
    () =>
      authenticate(token, node).then(
        () => false,
        (error: { code?: string }) => error.code === 'TOKEN_INVALID',
      ),
    { milliseconds: 2000 },
  );
  expect(performance.now() - startedAt).toBeLessThan(1000);
}

/** What a platform with a bug, or a second audience, might sign: good keys, other claims. */
async function signWithOurKey(claims: Record<string, unknown>, header: Record<string, unknown>): Promise<string> {
  const row = await world.kernel.database.read('system', (tx) =>
    tx.row<{ secret_id: string }>(`select secret_id from iam.signing_keys where state = 'active'`),
  );
  const jwk = await world.kernel.database.read('system', (tx) => world.parts.secrets.open(tx, row?.secret_id ?? ''));
  const key = await importJWK(JSON.parse(jwk ?? '{}') as JWK, 'EdDSA');
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...header }).sign(key);
}

async function makeForeignClient(): Promise<{ clientId: string; secret: string }> {
  const place = await makePlace(world.kernel.database);
  const account = await run('iam.service_account.create', {
    projectId: place.projectId,
    name: 'Foreign',
    slug: 'foreign',
    allowList: ['*'],
  });
  const key = await run('iam.service_account_key.create', { serviceAccountId: account.id });
  return { clientId: key.id, secret: key.reveal ?? '' };
}
