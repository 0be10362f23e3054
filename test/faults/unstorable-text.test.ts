import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODES_PATH } from '../../agent/protocol/messages.js';
import { seedReferenceData } from '../../processes/development/reference-data.js';
import { Story } from '../../processes/demo/story.js';
import { type GraphqlCall, graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { expectRefused } from './expect-refused.js';
import { OrganizationRows } from './organization-rows.js';

let platform: TestPlatform;
let rows: OrganizationRows;
let token: string;
let apiKey: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  stops.push(() => platform.close());
  rows = await OrganizationRows.open(platform.database.superuserUrl);
  stops.push(() => rows.close());
  await seedReferenceData(platform.runtime);
  const story = new Story(platform);
  const operator = await story.as('olivia');
  const { projectId } = await story.onboard(operator, { name: 'Text Labs', memberSubject: 'mira', deposit: '10.00' });
  const member = await story.as('mira');
  await story.untilSeen(member, projectId);
  ({ apiKey } = await story.serveModel(member, { projectId, name: 'assistant', modelSlug: 'echo-small' }));
  token = await platform.signIn('olivia');
  // The first request of a sign-in is noted as a session.
  await graphqlRequest(platform.url, { query: '{ __typename }', token });
  await rows.untilStill();
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const CREATE = `mutation ($input: ProjectCreateInput!) {
  projectCreate(input: $input) { project { id } userErrors { code field message } }
}`;

describe('text that no database can store', () => {
  it.each<[string, GraphqlCall]>([
    ['in the input of a mutation', { query: CREATE, variables: { input: { organizationId: 'org', name: 'a\0b' } } }],
    [
      'in an argument of a query',
      { query: 'query ($id: ID!) { project(id: $id) { id } }', variables: { id: 'prj_\0' } },
    ],
    ['in a literal', { query: String.raw`{ project(id: "prj_\u0000") { id } }` }],
    [
      'in a free JSON object',
      { query: 'query ($a: String) { auditRecords(action: $a) { nodes { id } } }', variables: { a: 'x\uD800' } },
    ],
  ])('is refused %s', async (_, call) => {
    const before = await rows.counts();
    expectRefused(await graphqlRequest(platform.url, { token, ...call }), 'BAD_USER_INPUT');
    expect(await rows.counts()).toEqual(before);
  });

  it.each<[string, string, () => RequestInit]>([
    [
      'the token endpoint',
      '/oauth/token',
      () => form({ grant_type: 'client_credentials', client_id: 'sak_\0', client_secret: '\0' }),
    ],
    ['the revocation endpoint', '/oauth/revoke', () => form({ token: '\0', client_id: 'sak_\0', client_secret: '\0' })],
    ['the model endpoint, as a model', '/v1/chat/completions', () => chat('assistant\0', 'Hello')],
    [
      'the model endpoint, without a key',
      '/v1/chat/completions',
      () => ({ ...chat('assistant', 'Hello'), headers: {} }),
    ],
    ['the enrolment of a node', `${NODES_PATH}/enroll`, () => enrolment()],
    ['the heartbeat of a node', `${NODES_PATH}/nod_%00/heartbeat`, () => json({})],
  ])('is no fault of the server at %s', async (_, path, init) => {
    const response = await fetch(`${platform.origin}${path}`, { method: 'POST', ...init() });
    expect({ status: response.status, body: await response.text() }).toEqual({
      status: expect.toSatisfy((status: number) => status >= 400 && status < 500),
      body: expect.any(String),
    });
  });

  // The last: what it costs is settled afterwards.
  it('is a prompt like any other: the model endpoint stores no content', async () => {
    const response = await fetch(`${platform.origin}/v1/chat/completions`, {
      method: 'POST',
      ...chat('assistant', 'a\0b'),
    });
    expect(response.status).toBe(200);
  });
});

/** Well-formed but for the text in it. */
function enrolment(): RequestInit {
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return json({ bootstrapToken: `nbt_${'\0'.repeat(40)}`, publicKey, agentVersion: '\0' });
}

function chat(model: string, content: string): RequestInit {
  const { body, headers } = json({ model, messages: [{ role: 'user', content }], user: 'u\0' });
  return { body, headers: { ...headers, authorization: `Bearer ${apiKey}` } };
}

function form(values: Record<string, string>): RequestInit {
  return { body: new URLSearchParams(values) };
}

function json(value: unknown): { body: string; headers: Record<string, string> } {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
}
