import { randomBytes } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { loadConfiguration } from '../../kernel/configuration/configuration.js';
import { createLogger } from '../../kernel/telemetry/logger.js';
import { Story } from '../../processes/demo/story.js';
import { createGatewayServer } from '../../processes/gateway-server.js';
import { type Runtime, startRuntime } from '../../processes/runtime.js';
import { idOf, runCommand } from '../../processes/system-commands.js';
import { type TestPlatform, freePort, startPlatform } from '../harness/platform.js';
import { type IdentityServer, startIdentityServer } from '../topology/identity-server.js';

const AUDIENCE = 'https://control.example.com/graphql';
const EVENTS =
  'subscription ($projectId: ID) { allocationEvents(projectId: $projectId, after: "now") { cursor type } }';
const MILLISECONDS_MAX = 1_000;

let platform: TestPlatform;
let identity: IdentityServer;
let place: Awaited<ReturnType<Story['onboard']>>;
/** Another gateway on the same database, with its own memory of who may do what: streams run there. */
let elsewhere: { url: string; runtime: Runtime };
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  identity = await startIdentityServer(AUDIENCE);
  stops.push(() => identity.close());
  const CP_MASTER_KEY = randomBytes(32).toString('base64url');
  const environment = { OIDC_ISSUER: identity.issuer, OIDC_AUDIENCE: AUDIENCE, CP_MASTER_KEY };
  platform = await startPlatform(environment);
  stops.push(() => platform.close());
  elsewhere = await startElsewhere(environment);
  const story = new Story({ origin: platform.origin, signIn: (subject) => identity.signIn(subject) });
  place = await story.onboard(await story.as('olivia'), {
    name: 'Revoked Labs',
    memberSubject: 'mira',
    deposit: '10.00',
  });
}, 240_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function startElsewhere(environment: Record<string, string>): Promise<{ url: string; runtime: Runtime }> {
  const port = await freePort();
  const configuration = loadConfiguration({
    CP_ENVIRONMENT: 'test',
    CP_LOG_LEVEL: 'silent',
    CP_PORT: String(port),
    CP_OPERATORS: 'olivia',
    CP_PUBLIC_URL: platform.origin,
    DATABASE_URL: platform.database.superuserUrl,
    DATABASE_POOL_SIZE: '4',
    ...environment,
  });
  const runtime = await startRuntime(configuration, createLogger({ level: 'silent' }));
  const gateway = await createGatewayServer(runtime);
  await gateway.server.listen({ host: '127.0.0.1', port });
  stops.push(async () => {
    await gateway.close();
    await runtime.stop();
  });
  return { url: `ws://127.0.0.1:${port}/graphql`, runtime };
}

interface Ending {
  readonly code: unknown;
  readonly details: Readonly<Record<string, unknown>>;
  readonly milliseconds: number;
}

/** Waits until the other gateway has heard of what was granted here: only then can it be seen to end there. */
async function allowedElsewhere(bearer: string): Promise<void> {
  const query = 'query ($id: ID!) { project(id: $id) { id } }';
  const request = {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { id: place.projectId } }),
  };
  await vi.waitFor(
    async () => {
      const answer = await fetch(elsewhere.url.replace('ws:', 'http:'), request);
      expect(await answer.json()).toMatchObject({ data: { project: { id: place.projectId } } });
    },
    { timeout: 30_000 },
  );
}

/** Streams elsewhere until it has begun, ends what it hangs on here, and tells how and when it ended. */
async function endingOf(bearer: string, revoke: () => Promise<unknown>): Promise<Ending> {
  await allowedElsewhere(bearer);
  const client = createClient({
    url: elsewhere.url,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${bearer}` },
  });
  stops.push(async () => client.dispose());
  let revokedAt = Number.NaN;
  let last: { errors?: readonly { extensions?: Record<string, unknown> }[] } = {};
  let isBegun = false;
  for await (const told of client.iterate({ query: EVENTS, variables: { projectId: place.projectId } })) {
    last = told;
    if (isBegun) continue;
    isBegun = true;
    expect(told).toMatchObject({ data: { allocationEvents: { type: 'stream.opened' } } });
    await revoke();
    revokedAt = performance.now();
  }
  const { code, ...details } = last.errors?.[0]?.extensions ?? {};
  return { code, details, milliseconds: performance.now() - revokedAt };
}

async function memberId(subject: string): Promise<string> {
  const invited = { scopeId: place.projectId, subject, roles: ['project_viewer'] };
  return idOf(await runCommand(platform.runtime, 'iam.member.invite', invited), 'userId');
}

const here = async (action: string, input: unknown) => runCommand(platform.runtime, action, input);

async function rows(sql: string, values: readonly unknown[]): Promise<{ id: string }[]> {
  return platform.runtime.kernel.database.read('system', (tx) => tx.rows<{ id: string }>(sql, [...values]));
}

/** A service account of the project that may follow allocations, and its token. */
async function machineToken(): Promise<{ keyId: string; secret: string; token: string }> {
  const story = new Story({ origin: platform.origin, signIn: (subject) => identity.signIn(subject) });
  const account = await story.machine(await story.as('mira'), {
    projectId: place.projectId,
    slug: `follower-${Date.now()}`,
    role: 'project_member',
    allowList: ['*'],
  });
  const { clientId: keyId, clientSecret: secret } = account;
  const answer = await oauth('token', { keyId, secret }, { grant_type: 'client_credentials' });
  return { keyId, secret, token: ((await answer.json()) as { access_token: string }).access_token };
}

async function oauth(
  path: string,
  { keyId, secret }: { keyId: string; secret: string },
  form: Record<string, string>,
): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${keyId}:${secret}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  return fetch(`${platform.origin}/oauth/${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
}

describe('a stream in one process, whose right to run ends in another', () => {
  const measured: Record<string, number> = {};
  afterAll(() => {
    process.stdout.write(
      `milliseconds from the commit elsewhere to the end of the stream: ${JSON.stringify(measured)}\n`,
    );
  });

  it('ends within a second of the revocation of the role, and says so', async () => {
    const userId = await memberId('sam');
    const ending = await endingOf(await identity.signIn('sam'), async () => {
      const sql = 'select id from iam.role_bindings where principal_id = $1 and revoked_at is null';
      for (const { id } of await rows(sql, [userId])) await here('iam.role_binding.revoke', { id });
    });
    expect(ending).toMatchObject({ code: 'ACCESS_REVOKED', details: { lastCursor: expect.any(String) } });
    expect(ending.milliseconds).toBeLessThan(MILLISECONDS_MAX);
    measured['role'] = Math.round(ending.milliseconds);
  }, 60_000);

  it('ends within a second of the end of the membership, and says so', async () => {
    const userId = await memberId('sam');
    const ending = await endingOf(await identity.signIn('sam'), async () =>
      here('iam.member.remove', { organizationId: place.organizationId, userId }),
    );
    expect(ending).toMatchObject({ code: 'ACCESS_REVOKED', details: { lastCursor: expect.any(String) } });
    expect(ending.milliseconds).toBeLessThan(MILLISECONDS_MAX);
    measured['membership'] = Math.round(ending.milliseconds);
  }, 60_000);

  it('ends within a second of the revocation of the session, and says so', async () => {
    const userId = await memberId('sam');
    const ending = await endingOf(await identity.signIn('sam'), async () => {
      const sql = 'select id from iam.account_sessions where user_id = $1 and revoked_at is null';
      for (const { id } of await rows(sql, [userId])) await here('iam.session.revoke', { id, reason: 'test' });
    });
    expect(ending).toMatchObject({
      code: 'TOKEN_INVALID',
      details: { revoked: 'session', lastCursor: expect.any(String) },
    });
    expect(ending.milliseconds).toBeLessThan(MILLISECONDS_MAX);
    measured['session'] = Math.round(ending.milliseconds);
  }, 60_000);

  it('ends within a second of the revocation of the token, and says so', async () => {
    const machine = await machineToken();
    const ending = await endingOf(machine.token, async () => oauth('revoke', machine, { token: machine.token }));
    expect(ending).toMatchObject({ code: 'TOKEN_INVALID', details: { revoked: 'token' } });
    expect(ending.milliseconds).toBeLessThan(MILLISECONDS_MAX);
    measured['token'] = Math.round(ending.milliseconds);
  }, 60_000);

  it('ends within a second of the revocation of the key that its token was made with, and says so', async () => {
    const machine = await machineToken();
    const ending = await endingOf(machine.token, async () =>
      here('iam.service_account_key.revoke', { id: machine.keyId }),
    );
    expect(ending).toMatchObject({ code: 'TOKEN_INVALID', details: { revoked: 'service_account_key' } });
    expect(ending.milliseconds).toBeLessThan(MILLISECONDS_MAX);
    measured['key'] = Math.round(ending.milliseconds);
  }, 60_000);
});
