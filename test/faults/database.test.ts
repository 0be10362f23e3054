import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { Story } from '../../processes/demo/story.js';
import { startFleet } from '../harness/agents.js';
import { type GraphqlAnswer, graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { OrganizationRows } from './organization-rows.js';

let platform: TestPlatform;
let rows: OrganizationRows;
let superuser: pg.Client;
let place: Awaited<ReturnType<Story['onboard']>>;
let token: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  platform = await startPlatform({ CP_USAGE_WINDOW_SECONDS: '3600' });
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  rows = await OrganizationRows.open(platform.database.superuserUrl);
  stops.push(() => rows.close());
  superuser = new pg.Client({ connectionString: platform.database.superuserUrl });
  await superuser.connect();
  stops.push(() => superuser.end());
  const story = new Story(platform);
  const operator = await story.as('olivia');
  place = await story.onboard(operator, { name: 'Fault Labs', memberSubject: 'mira', deposit: '100.00' });
  token = await platform.signIn('mira');
  await eventually(async () => (await project()).errors.length === 0);
  await rows.untilStill();
}, 120_000);
afterEach(async () => {
  await superuser.query(
    'drop trigger if exists fault on allocations.allocations; drop trigger if exists fault on kernel.outbox',
  );
});
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function project(): Promise<GraphqlAnswer> {
  const query = 'query ($id: ID!) { project(id: $id) { id name } }';
  return graphqlRequest(platform.url, { query, variables: { id: place.projectId }, token });
}

async function allocate(idempotencyKey: string): Promise<GraphqlAnswer> {
  const query = `mutation ($input: AllocationCreateInput!) {
    allocationCreate(input: $input) { allocation { id state } userErrors { code message } } }`;
  const input = {
    projectId: place.projectId,
    sku: 'h200-sxm-slice',
    region: 'eu-north-1',
    gpuCount: 1,
    idempotencyKey,
  };
  return graphqlRequest(platform.url, { query, variables: { input }, token });
}

/** Makes the writing of a row of this table fail, in the statement or with the commit. */
async function breakWrites(table: string, fault: string, when: 'statement' | 'commit'): Promise<void> {
  await superuser.query(
    `create or replace function public.fault() returns trigger language plpgsql security definer as $$ begin ${fault}; return new; end $$`,
  );
  await superuser.query(
    when === 'statement'
      ? `create trigger fault before insert on ${table} for each row execute function public.fault()`
      : `create constraint trigger fault after insert on ${table} deferrable initially deferred for each row execute function public.fault()`,
  );
}

const LOST = 'perform pg_terminate_backend(pg_backend_pid())';
const FULL = `raise exception 'could not extend file: No space left on device' using errcode = '53100'`;
const NO_MEMORY = `raise exception 'out of memory' using errcode = '53200'`;

function expectUnavailable(answer: GraphqlAnswer): void {
  expect(answer.data?.['allocationCreate'] ?? null).toBeNull();
  expect(answer.errors).toHaveLength(1);
  const { message, extensions } = answer.errors[0] ?? { message: '', extensions: {} };
  expect(extensions).toMatchObject({
    code: 'UNAVAILABLE',
    retryable: true,
    correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(message).toMatch(/nothing was (written|done)|retry with the same idempotency key/);
}

describe('a database that fails while an allocation is written', () => {
  it.each([
    ['loses the connection in the middle', 'allocations.allocations', LOST, 'statement'],
    ['loses the connection at the commit', 'allocations.allocations', LOST, 'commit'],
    ['loses the connection with the events', 'kernel.outbox', LOST, 'statement'],
    ['has a full disk in the middle', 'allocations.allocations', FULL, 'statement'],
    ['has a full disk at the commit', 'allocations.allocations', FULL, 'commit'],
    ['has a full disk for the events', 'kernel.outbox', FULL, 'statement'],
    ['is out of memory', 'allocations.allocations', NO_MEMORY, 'statement'],
  ] as const)(
    '%s: it is said, nothing is half done, and the same key succeeds afterwards',
    async (name, table, fault, when) => {
      const key = `fault-${name.replaceAll(' ', '-')}`;
      const [counts, digests] = [await rows.counts(), await rows.digests(place.organizationId)];
      await breakWrites(table, fault, when);
      expectUnavailable(await allocate(key));
      expect(await rows.counts()).toEqual(counts);
      expect(await rows.digests(place.organizationId)).toEqual(digests);
      await superuser.query(`drop trigger fault on ${table}`);
      const again = await allocate(key);
      expect(again).toMatchObject({ errors: [], data: { allocationCreate: { userErrors: [] } } });
      await releaseAll();
    },
    60_000,
  );
});

/** Gives everything back, and waits until nothing moves any more. */
async function releaseAll(): Promise<void> {
  const list = 'query ($id: ID!) { allocations(projectId: $id, states: [ACTIVE], first: 10) { nodes { id } } }';
  const release =
    'mutation ($input: AllocationReleaseInput!) { allocationRelease(input: $input) { userErrors { code } } }';
  const open = `select count(*)::int as open from allocations.allocations where state not in ('released', 'failed')`;
  await eventually(
    async () => {
      const { data } = await graphqlRequest(platform.url, { query: list, variables: { id: place.projectId }, token });
      const { nodes } = (data?.['allocations'] ?? { nodes: [] }) as { nodes: { id: string }[] };
      for (const { id } of nodes)
        await graphqlRequest(platform.url, { query: release, variables: { input: { id } }, token });
      return (await superuser.query<{ open: number }>(open)).rows[0]?.open === 0;
    },
    { milliseconds: 30_000, what: 'everything is released' },
  );
  await rows.untilStill();
}

describe('a database that is away for a moment', () => {
  it('costs answers, not the process: everything works again when it is back', async () => {
    const elsewhere = new URL(platform.database.superuserUrl);
    elsewhere.pathname = '/postgres';
    const maintenance = new pg.Client({ connectionString: elsewhere.toString() });
    await maintenance.connect();
    const { name } = platform.database;
    superuser.on('error', () => {});
    try {
      await maintenance.query(`alter database ${name} with allow_connections false`);
      await maintenance.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename like 'cp\\_%'`,
        [name],
      );
      expectUnavailable(await allocate('while-away'));
      expect((await fetch(`${platform.origin}/readyz`)).status).toBe(503);
      expect((await fetch(`${platform.origin}/healthz`)).status).toBe(200);
    } finally {
      await maintenance.query(`alter database ${name} with allow_connections true`);
      await maintenance.end();
    }
    await eventually(async () => (await fetch(`${platform.origin}/readyz`)).status === 200, { milliseconds: 30_000 });
    const back = await eventually(
      async () => {
        const answer = await allocate('after-away');
        return answer.errors.length === 0 ? answer : null;
      },
      { milliseconds: 30_000, what: 'allocations work again' },
    );
    expect(back.data).toMatchObject({ allocationCreate: { userErrors: [] } });
    await releaseAll();
  }, 120_000);
});
