import { generateKeyPairSync, type webcrypto } from 'node:crypto';
import { type JWTHeaderParameters, type JWTPayload, SignJWT, decodeJwt, decodeProtectedHeader, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, ProjectsDocument } from '../../codegen/sdk/src/index.js';
import { Story } from '../../processes/demo/story.js';
import { type GraphqlAnswer, type GraphqlCall, graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { type IdentityServer, startIdentityServer } from '../topology/identity-server.js';
import { expectRefused } from './expect-refused.js';
import { OrganizationRows } from './organization-rows.js';

const AUDIENCE = 'https://control.example.com/graphql';

let platform: TestPlatform;
let identity: IdentityServer;
let rows: OrganizationRows;
let token: string;
let operator: ControlPlane;
let place: Awaited<ReturnType<Story['onboard']>>;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  identity = await startIdentityServer(AUDIENCE);
  stops.push(() => identity.close());
  platform = await startPlatform({ OIDC_ISSUER: identity.issuer, OIDC_AUDIENCE: AUDIENCE });
  stops.push(() => platform.close());
  rows = await OrganizationRows.open(platform.database.superuserUrl);
  stops.push(() => rows.close());
  const story = new Story({ origin: platform.origin, signIn: (subject) => identity.signIn(subject) });
  operator = await story.as('olivia');
  place = await story.onboard(operator, { name: 'Bad Input Labs', memberSubject: 'mira', deposit: '10.00' });
  token = await identity.signIn('olivia');
  // The first request of a sign-in is noted as a session.
  await ask({ query: '{ __typename }' });
  await rows.untilStill();
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const ask = (call: GraphqlCall): Promise<GraphqlAnswer> => graphqlRequest(platform.url, { token, ...call });

const CREATE = `mutation ($input: ProjectCreateInput!) {
  projectCreate(input: $input) { project { id } userErrors { code field message } }
}`;

describe('what is no request of this graph', () => {
  const deep = (levels: number): string =>
    `${'{ project(id: "x") { organization '.repeat(1)}${'{ projects { nodes { organization '.repeat(levels)}{ id }${' } } }'.repeat(levels)} } }`;

  it.each<[string, GraphqlCall, string]>([
    ['is malformed', { query: '{ project(id: "x" { id } }' }, 'GRAPHQL_PARSE_FAILED'],
    ['names an unknown field', { query: '{ project(id: "x") { nothing } }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['is too deep', { query: deep(12) }, 'QUERY_TOO_COMPLEX'],
    ['has too many fields', { query: `{ ${'__typename '.repeat(2500)} }` }, 'QUERY_TOO_COMPLEX'],
    ['has too many tokens', { query: `{ ${'a '.repeat(6000)} }` }, 'QUERY_TOO_COMPLEX'],
    ['is too large', { query: `# ${'x'.repeat(1_100_000)}\n{ __typename }` }, 'PAYLOAD_TOO_LARGE'],
    [
      'gives a literal of a wrong type',
      { query: '{ projects(first: "ten") { nodes { id } } }' },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'gives a variable of a wrong type',
      { query: CREATE, variables: { input: { organizationId: 7, name: {} } } },
      'BAD_USER_INPUT',
    ],
    ['leaves out a variable', { query: CREATE, variables: {} }, 'BAD_USER_INPUT'],
    [
      'gives an unknown input',
      { query: CREATE, variables: { input: { organizationId: 'x', name: 'y', isAdmin: true } } },
      'BAD_USER_INPUT',
    ],
    ['asks for a page that is too long', { query: '{ projects(first: 101) { nodes { id } } }' }, 'BAD_USER_INPUT'],
    ['asks for a page that is negative', { query: '{ projects(first: -1) { nodes { id } } }' }, 'BAD_USER_INPUT'],
    ['has a cursor that is none', { query: '{ projects(after: "x") { nodes { id } } }' }, 'BAD_USER_INPUT'],
  ])('a document that %s is refused', async (_, call, code) => {
    const before = await rows.counts();
    expectRefused(await ask(call), code);
    expect(await rows.counts()).toEqual(before);
  });
});

describe('demand', () => {
  const nested = `{ projects(first: 100) { nodes { allocations(first: 100) { nodes { project { name } } } } } }`;

  it('refuses an operation that could cost too much, naming what and how much', async () => {
    const answer = await ask({ query: nested });
    expectRefused(answer, 'QUERY_TOO_COMPLEX');
    expect(answer.errors[0]?.extensions).toMatchObject({ limit: 'cost', max: 10_000, estimated: 20_201 });
  });

  it('answers a document of the SDK by its identifier, and says what it cost', async () => {
    const response = await fetch(platform.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ documentId: ProjectsDocument.id, variables: { first: 5 } }),
    });
    const body = (await response.json()) as {
      data: unknown;
      extensions: { cost: { estimated: number; actual: number } };
    };
    expect(body.data).toMatchObject({ projects: { nodes: expect.any(Array) as unknown } });
    expect(body.extensions.cost.actual).toBeLessThanOrEqual(body.extensions.cost.estimated);
    expect(body.extensions.cost).toMatchObject({ max: 10_000, budget: { size: 2_000_000, perSecond: 100_000 } });
  });
});

describe('a token', () => {
  const query = '{ me { id } }';
  /** The claims of a good token, signed as we like. */
  async function signed(
    changes: JWTPayload,
    header: Partial<JWTHeaderParameters> = {},
    key?: webcrypto.CryptoKey,
  ): Promise<string> {
    const [jwk] = identity.signingKeys.keys;
    if (jwk === undefined) throw new Error('the provider has no key');
    const { alg = '', kid = '', typ = '' } = decodeProtectedHeader(token);
    const signer = new SignJWT({ ...decodeJwt(token), ...changes }).setProtectedHeader({ alg, kid, typ, ...header });
    return signer.sign(key ?? (await importJWK(jwk, alg)));
  }

  it('is good when nothing is wrong with it', async () => {
    expect(await ask({ query, token: await signed({}) })).toMatchObject({
      errors: [],
      data: { me: { id: expect.any(String) } },
    });
  });

  it.each<[string, () => Promise<string>, string]>([
    ['has expired', () => signed({ exp: Math.floor(Date.now() / 1000) - 60 }), 'TOKEN_EXPIRED'],
    ['is for another audience', () => signed({ aud: 'https://elsewhere.example.com' }), 'TOKEN_INVALID'],
    ['is of another issuer', () => signed({ iss: 'https://id.example.com' }), 'TOKEN_INVALID'],
    ['is no access token', () => signed({}, { typ: 'JWT' }), 'TOKEN_INVALID'],
    ['begins in an hour', () => signed({ nbf: Math.floor(Date.now() / 1000) + 3600 }), 'TOKEN_INVALID'],
    ['was signed by another key', async () => signed({}, {}, await anotherKey()), 'TOKEN_INVALID'],
    [
      'was signed by a key that nobody knows',
      async () => signed({}, { kid: 'unknown' }, await anotherKey()),
      'TOKEN_INVALID',
    ],
    ['is signed by nobody', async () => unsigned({ alg: 'none', typ: 'at+jwt' }), 'TOKEN_INVALID'],
    ['has another payload under the same signature', async () => retold({ sub: 'somebody-else' }), 'TOKEN_INVALID'],
    ['is no token', async () => 'abc.def.ghi', 'TOKEN_INVALID'],
    ['is an API key that was never made', async () => `cpk_${'a'.repeat(43)}`, 'TOKEN_INVALID'],
  ])('is refused when it %s', async (_, make, code) => {
    const before = await rows.counts();
    const answer = await ask({ query, token: await make() });
    expectRefused(answer, code);
    expect({ status: answer.status, data: answer.data ?? null }).toEqual({ status: 401, data: null });
    expect(await rows.counts()).toEqual(before);
  });

  async function anotherKey(): Promise<webcrypto.CryptoKey> {
    const { alg = '' } = decodeProtectedHeader(token);
    const { privateKey } = alg.startsWith('ES')
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
    return (await importJWK(
      privateKey.export({ format: 'jwk' }) as Parameters<typeof importJWK>[0],
      alg,
    )) as webcrypto.CryptoKey;
  }

  function unsigned(header: object): string {
    const [, payload = ''] = token.split('.');
    return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.`;
  }

  function retold(changes: JWTPayload): string {
    const [header = '', , signature = ''] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ ...decodeJwt(token), ...changes })).toString('base64url');
    return `${header}.${payload}.${signature}`;
  }
});

describe('a key that was used before', () => {
  const inputOf = (changes: object) => ({
    input: { organizationId: place.organizationId, name: 'Once', idempotencyKey: 'once', ...changes },
  });

  it('gives the first result again, and is refused with another body, and nothing changes', async () => {
    const first = await ask({ query: CREATE, variables: inputOf({}) });
    expect(first).toMatchObject({ errors: [], data: { projectCreate: { userErrors: [] } } });
    const before = await rows.counts();
    expect((await ask({ query: CREATE, variables: inputOf({}) })).data).toEqual(first.data);
    const other = await ask({ query: CREATE, variables: inputOf({ name: 'Twice' }) });
    expect(other.data).toMatchObject({
      projectCreate: {
        project: null,
        userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['input', 'idempotencyKey'] }],
      },
    });
    expect(await rows.counts()).toEqual(before);
  });
});
