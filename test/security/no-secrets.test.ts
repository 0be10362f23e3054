import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../codegen/sdk/src/index.js';
import { Story } from '../../processes/demo/story.js';
import { startFleet } from '../harness/agents.js';
import { graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { findInDatabase, findInText, formsOf } from './written-places.js';

const logs: string[] = [];
/** Credential by what it is; each is really used below. */
const credentials = new Map<string, string>();
/** Answers that may not hold any credential: faults and refusals. */
const answers: string[] = [];
const stops: (() => Promise<void>)[] = [];
let platform: TestPlatform;
let place: Awaited<ReturnType<Story['onboard']>>;
let member: ControlPlane;
let clientId: string;

const unguessable = (): string => randomBytes(24).toString('base64url');

function keep(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.length < 16) throw new Error(`${name} is not a credential`);
  credentials.set(name, value);
  return value;
}

async function send(path: string, init: RequestInit): Promise<{ status: number; text: string }> {
  const response = await fetch(`${platform.origin}${path}`, init);
  return { status: response.status, text: await response.text() };
}

/** Sends what must fail, and keeps the answer. */
async function sendWrong(path: string, init: RequestInit): Promise<number> {
  const { status, text } = await send(path, init);
  answers.push(text);
  return status;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const query = (text: string): string => JSON.stringify({ query: text });
const JSON_BODY = { 'content-type': 'application/json' };

const form = (values: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(values) });

const completion = (model: string): string =>
  JSON.stringify({ model, messages: [{ role: 'user', content: 'Tell me of GPUs' }] });

beforeAll(async () => {
  const masterKey = randomBytes(32).toString('base64url');
  platform = await startPlatform(
    { CP_LOG_LEVEL: 'trace', CP_MASTER_KEY: masterKey },
    { write: (line) => logs.push(line) },
  );
  keep('master key', masterKey);
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe('credentials', () => {
  it('of an operator make a machine and a provider of models', async () => {
    const token = keep('access token of the operator', await platform.signIn('olivia'));
    const call = async (name: string, type: string, selection: string, input: Record<string, unknown>) => {
      const text = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code } } }`;
      const { data, errors } = await graphqlRequest(platform.url, { query: text, variables: { input }, token });
      expect(errors).toEqual([]);
      return data?.[name] as Record<string, unknown>;
    };
    const node = { name: 'spare-1', region: 'eu-north-1', sku: 'h200-sxm-slice', gpuCount: 8, idempotencyKey: 'spare' };
    const made = await call('nodeCreate', 'NodeCreateInput', 'bootstrapToken', node);
    keep('bootstrap token', made['bootstrapToken']);
    const secret = keep('key of a provider', `sk-${unguessable()}`);
    const provider = { name: 'elsewhere', kind: 'OPENAI_COMPATIBLE', baseUrl: 'http://127.0.0.1:9/v1', secret };
    const added = await call('providerAccountCreate', 'ProviderAccountCreateInput', 'providerAccount { id }', provider);
    expect(added['userErrors']).toEqual([]);
  });

  it('of members and machines carry the story from the organization to the released allocation', async () => {
    const story = new Story(platform);
    place = await story.onboard(await story.as('olivia'), {
      name: 'Quiet Labs',
      memberSubject: 'mira',
      deposit: '100.00',
    });
    const memberToken = keep('access token of the member', await platform.signIn('mira'));
    member = await story.as('mira');
    const { projectId } = place;
    const account = await story.machine(member, { projectId, slug: 'quiet', role: 'project_member', allowList: ['*'] });
    clientId = account.clientId;
    const client = { client_id: clientId, client_secret: keep('client secret', account.clientSecret) };
    const minted = await send('/oauth/token', form({ grant_type: 'client_credentials', ...client }));
    expect(minted.status).toBe(200);
    const machineToken = keep(
      'token of the machine',
      (JSON.parse(minted.text) as Record<string, unknown>)['access_token'],
    );
    const machine = story.asMachine(account);
    const { allocationId } = await story.allocate(machine, { projectId, gpuCount: 1, idempotencyKey: 'quiet' });
    const { apiKey } = await story.serveModel(member, { projectId, name: 'assistant', modelSlug: 'echo-small' });
    keep('API key', apiKey);
    const headers = { ...JSON_BODY, ...bearer(apiKey) };
    const answered = await send('/v1/chat/completions', { method: 'POST', headers, body: completion('assistant') });
    expect(answered.status).toBe(200);
    expect(await story.release(machine, allocationId)).toBe('RELEASED');
    for (const token of [memberToken, machineToken]) {
      const { status } = await send('/graphql', {
        method: 'POST',
        headers: { ...JSON_BODY, ...bearer(token) },
        body: query('{ viewer { __typename } }'),
      });
      expect(status).toBe(200);
    }
  });

  it('that are wrong, or sent to the wrong place, are refused', async () => {
    const wrong = keep('wrong bearer token', unguessable());
    const wrongKey = keep(
      'wrong API key',
      `${(credentials.get('API key') ?? '').slice(0, -8)}${randomBytes(4).toString('hex')}`,
    );
    const wrongSecret = keep('wrong client secret', unguessable());
    const secret = credentials.get('client secret') ?? '';
    const token = credentials.get('access token of the member') ?? '';
    const altered = keep(
      'token with an altered signature',
      `${token.slice(0, -12)}${randomBytes(9).toString('base64url')}`,
    );
    const statuses = [];
    for (const refused of [wrong, altered, wrongKey, secret]) {
      const headers = { ...JSON_BODY, ...bearer(refused) };
      statuses.push(await sendWrong('/graphql', { method: 'POST', headers, body: query('{ viewer { __typename } }') }));
      statuses.push(
        await sendWrong('/v1/chat/completions', { method: 'POST', headers, body: completion('assistant') }),
      );
    }
    for (const id of ['sak_01jd0000000000000000000000', unguessable()]) {
      const values = { grant_type: 'client_credentials', client_id: id, client_secret: wrongSecret };
      statuses.push(await sendWrong('/oauth/token', form(values)));
      const basic = Buffer.from(`${id}:${secret}`).toString('base64');
      const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' };
      statuses.push(
        await sendWrong('/oauth/token', { method: 'POST', headers, body: 'grant_type=client_credentials' }),
      );
    }
    expect(statuses.every((status) => status >= 400 && status < 500)).toBe(true);
    // Where a credential does not belong: the address, a header of another protocol, a document that does not parse.
    await sendWrong(`/graphql?access_token=${token}&query=%7Bviewer%7Bnothing%7D%7D`, { method: 'GET' });
    await sendWrong(`/nowhere?token=${token}`, { method: 'GET' });
    await sendWrong('/graphql', {
      method: 'POST',
      headers: { ...JSON_BODY, 'x-api-key': wrongKey },
      body: '{"query":',
    });
    await sendWrong('/graphql', {
      method: 'POST',
      headers: { ...JSON_BODY, cookie: `session=${wrong}` },
      body: query('{ nothing }'),
    });
  });

  it('stay unsaid when the server fails over a request that carries them', async () => {
    const superuser = new Client({ connectionString: platform.database.superuserUrl });
    await superuser.connect();
    const broken = ['iam.projects', 'iam.service_account_keys', 'token_factory.provider_accounts'];
    for (const table of broken) await superuser.query(`alter table ${table} rename to ${table.replace('.', '_')}`);
    const secret = credentials.get('key of a provider') ?? '';
    const input = { name: 'again', kind: 'OPENAI_COMPATIBLE', baseUrl: 'http://127.0.0.1:9/v1', secret };
    const create =
      'mutation ($input: ProviderAccountCreateInput!) { providerAccountCreate(input: $input) { providerAccount { id } } }';
    const operator = credentials.get('access token of the operator') ?? '';
    const headers = { ...JSON_BODY, ...bearer(operator) };
    const project = query(`{ project(id: "${place.projectId}") { id name } }`);
    const client = { client_id: clientId, client_secret: credentials.get('client secret') ?? '' };
    await sendWrong('/graphql', {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: create, variables: { input } }),
    });
    await sendWrong('/graphql', { method: 'POST', headers, body: project });
    const status = await sendWrong('/oauth/token', form({ grant_type: 'client_credentials', ...client }));
    for (const table of broken) {
      const [schema, name] = table.split('.');
      await superuser.query(`alter table ${schema}.${schema}_${name} rename to ${name}`);
    }
    await superuser.end();
    expect(status).toBeGreaterThanOrEqual(500);
    // The development configuration shows messages of unexpected errors: even those may hold no credential.
    expect(answers.slice(-3).join()).toContain('INTERNAL');
  });
});

describe('what was written', () => {
  it('would have been found', () => {
    const credential = 'a+b/"c"-ünguessable-secret';
    const forms = [credential, JSON.stringify({ credential }), encodeURIComponent(credential)];
    const basic = Buffer.from(`someone:${credential}`).toString('base64');
    for (const text of [...forms, basic, Buffer.from(credential).toString('hex')])
      expect(findInText(`… ${text} …`, 'here', new Map([['it', credential]]))).toEqual([
        { credential: 'it', place: 'here' },
      ]);
    expect(formsOf(credential).every((shape) => shape.length >= 16)).toBe(true);
  });

  it('in the log at level trace holds none of them', () => {
    expect(logs.filter((line) => line.includes('"level":"error"')).length).toBeGreaterThan(2);
    expect(credentials.size).toBeGreaterThanOrEqual(11);
    expect(findInText(logs.join('\n'), 'log', credentials)).toEqual([]);
  });

  it('in the answers to wrong requests holds none of them', () => {
    expect(answers.length).toBeGreaterThan(10);
    expect(findInText(answers.join('\n'), 'answer', credentials)).toEqual([]);
  });

  it('in audit records, events, idempotency results and every other table holds none of them', async () => {
    const { finds, tables, rows } = await findInDatabase(platform.runtime, credentials);
    expect(tables).toEqual(
      expect.arrayContaining(['evidence.audit_bodies', 'kernel.event_log', 'kernel.idempotency', 'iam.api_keys']),
    );
    expect(rows).toBeGreaterThan(200);
    expect(finds).toEqual([]);
  });
});
