import { createClient as createEventSourceClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { SignJWT, decodeJwt, decodeProtectedHeader, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { httpAudits } from '../../gateway/testing/http-audits.js';
import { Story, present } from '../../processes/demo/story.js';
import { idOf, runCommand } from '../../processes/system-commands.js';
import { startFleet } from '../harness/agents.js';
import { graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { type IdentityServer, startIdentityServer } from '../topology/identity-server.js';

const AUDIENCE = 'https://control.example.com/graphql';
const EVENTS = `subscription ($projectId: ID, $after: Cursor) { allocationEvents(projectId: $projectId, after: $after) {
  cursor type subject { id state sku { name } project { name organization { name } } spend { total { amount } } } } }`;

let platform: TestPlatform;
let identity: IdentityServer;
let story: Story;
let place: Awaited<ReturnType<Story['onboard']>>;
let token: string;
/** Of the first event of the project: a stream from there on tells at once that an allocation became active. */
let after: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  identity = await startIdentityServer(AUDIENCE);
  stops.push(() => identity.close());
  platform = await startPlatform({ OIDC_ISSUER: identity.issuer, OIDC_AUDIENCE: AUDIENCE });
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  story = new Story({ origin: platform.origin, signIn: (subject) => identity.signIn(subject) });
  const operator = await story.as('olivia');
  place = await story.onboard(operator, { name: 'Stream Labs', memberSubject: 'mira', deposit: '100.00' });
  token = await identity.signIn('mira');
  const member = await story.as('mira');
  await story.untilSeen(member, place.projectId);
  await story.allocate(member, { projectId: place.projectId, gpuCount: 1 });
  const query = 'query ($id: ID!) { allocationEvents(projectId: $id, first: 1) { cursor } }';
  const history = await graphqlRequest(platform.url, { query, variables: { id: place.projectId }, token });
  const [first] = (history.data?.['allocationEvents'] ?? []) as { cursor: string }[];
  after = present(first).cursor;
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

function webSocket(authorization: string): Client {
  const url = platform.url.replace('http', 'ws');
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { authorization } });
  stops.push(async () => client.dispose());
  return client;
}

const variables = () => ({ projectId: place.projectId, after });

interface Told {
  readonly data?: { allocationEvents: { type: string } } | null;
  readonly errors?: readonly { extensions?: Record<string, unknown> }[];
}

/** What a stream tells, up to the activation. */
async function untilActivated(stream: AsyncIterable<unknown>): Promise<unknown> {
  for await (const told of stream) {
    if ((told as Told).data?.allocationEvents.type === 'allocations.allocation.activated') return told;
  }
  throw new Error('the stream ended before');
}

describe('GraphQL over HTTP at the real gateway', () => {
  it('passes every audit of graphql-http without an error or a warning', async () => {
    const { count, faults } = await httpAudits(platform.url);
    expect(faults).toEqual([]);
    expect(count).toBe(61);
  });

  it('answers a query by GET and by POST alike, and no mutation by GET', async () => {
    const query = 'query ($id: ID!) { project(id: $id) { name } }';
    const given = { id: place.projectId };
    const headers = { authorization: `Bearer ${token}`, accept: 'application/graphql-response+json' };
    const search = new URLSearchParams({ query, variables: JSON.stringify(given) });
    const got = await fetch(`${platform.url}?${search.toString()}`, { headers });
    const body = JSON.stringify({ query, variables: given });
    const posted = await fetch(platform.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    });
    const cost: unknown = expect.any(Object);
    expect(await got.json()).toEqual({ data: { project: { name: 'Training' } }, extensions: { cost } });
    expect(await posted.json()).toEqual({ data: { project: { name: 'Training' } }, extensions: { cost } });
    const mutation = new URLSearchParams({
      query: 'mutation { projectArchive(input: { id: "x", reason: "x" }) { userErrors { code } } }',
    });
    expect((await fetch(`${platform.url}?${mutation.toString()}`, { headers })).status).toBe(405);
  });
});

describe('a stream that is followed into four subgraphs', () => {
  const expected = {
    subject: {
      state: 'ACTIVE',
      sku: { name: 'h200-sxm-slice' },
      project: { name: 'Training', organization: null },
      spend: { total: { amount: expect.any(String) } },
    },
  };

  it('comes over a WebSocket, with the token in connection_init', async () => {
    const stream = webSocket(`Bearer ${token}`).iterate({ query: EVENTS, variables: variables() });
    expect(await untilActivated(stream)).toMatchObject({ data: { allocationEvents: expected } });
  });

  it('comes as server-sent events', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const client = createEventSourceClient({ url: platform.url, retryAttempts: 0, headers });
    const stream = client.iterate({ query: EVENTS, variables: variables() });
    expect(await untilActivated(stream)).toMatchObject({ data: { allocationEvents: expected } });
    client.dispose();
  });

  it('is refused with a code to somebody who may not read it', async () => {
    const stranger = `Bearer ${await identity.signIn('sam')}`;
    const [told] = await collect(webSocket(stranger).iterate({ query: EVENTS, variables: variables() }));
    expect(codeOf(told)).toMatch(/^(NOT_FOUND|FORBIDDEN)$/);
    await expect(Array.fromAsync(webSocket('Bearer forged').iterate({ query: EVENTS }))).rejects.toMatchObject({
      code: 4401,
    });
  });
});

/** All that a stream tells, also when its end is an error. */
async function collect(stream: AsyncIterable<unknown>, onFirst = async (): Promise<void> => {}): Promise<unknown[]> {
  const all: unknown[] = [];
  try {
    for await (const told of stream) if (all.push(told) === 1) await onFirst();
  } catch (error) {
    all.push({ errors: error });
  }
  return all;
}

function codeOf(told: unknown): unknown {
  return (told as Told).errors?.[0]?.extensions?.['code'];
}

describe('the end of what lets a stream run', () => {
  it('a token that expires ends the operation with TOKEN_EXPIRED', async () => {
    const [jwk] = identity.signingKeys.keys;
    if (jwk === undefined) throw new Error('the provider has no key');
    const { alg = '', kid = '', typ = '' } = decodeProtectedHeader(token);
    const exp = Math.floor(Date.now() / 1000) + 3;
    const signer = new SignJWT({ ...decodeJwt(token), exp }).setProtectedHeader({ alg, kid, typ });
    const short = await signer.sign(await importJWK(jwk, alg));
    const told = await collect(webSocket(`Bearer ${short}`).iterate({ query: EVENTS, variables: variables() }));
    expect(codeOf(told.at(-1))).toBe('TOKEN_EXPIRED');
    expect(told.length).toBeGreaterThan(1);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp);
  }, 60_000);

  it('a role that is revoked ends it within a second, with a code', async () => {
    const { projectId } = place;
    const invited = { scopeId: projectId, subject: 'sam', roles: ['project_viewer'] };
    const userId = idOf(await runCommand(platform.runtime, 'iam.member.invite', invited), 'userId');
    const stream = webSocket(`Bearer ${await identity.signIn('sam')}`).iterate({
      query: EVENTS,
      variables: variables(),
    });
    const bindings = await platform.runtime.kernel.database.read('system', (tx) =>
      tx.rows<{ id: string }>('select id from iam.role_bindings where principal_id = $1 and revoked_at is null', [
        userId,
      ]),
    );
    expect(bindings.length).toBeGreaterThan(0);
    let revokedAt = Number.NaN;
    const told = await collect(stream, async () => {
      for (const { id } of bindings) await runCommand(platform.runtime, 'iam.role_binding.revoke', { id });
      revokedAt = performance.now();
    });
    expect(codeOf(told.at(-1))).toMatch(/^(FORBIDDEN|NOT_FOUND|ACCESS_REVOKED)$/);
    expect(performance.now() - revokedAt).toBeLessThan(1000);
  }, 60_000);
});
