import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelsDocument } from '../../codegen/sdk/src/index.js';
import { runCommand } from '../../processes/system-commands.js';
import { Story } from '../../processes/demo/story.js';
import { nodePrefixes } from '../../subgraphs/packets.js';
import { startFleet } from '../harness/agents.js';
import { type GraphqlAnswer, graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { settleOrganization } from '../harness/settled-organization.js';
import { type ForeignCall, foreignCalls } from './foreign-calls.js';
import { verdictOf } from './foreign-answer.js';
import type { Examples } from './identifier-positions.js';
import { OrganizationRows } from './organization-rows.js';

let platform: TestPlatform;
let rows: OrganizationRows;
let story: Story;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  platform = await startPlatform({ CP_USAGE_WINDOW_SECONDS: '3600' });
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  rows = await OrganizationRows.open(platform.database.superuserUrl);
  stops.push(() => rows.close());
  story = new Story(platform);
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const EXAMPLES: Examples = {
  sku: 'h200-sxm-slice',
  region: 'eu-north-1',
  appSlug: 'jupyterlab',
  appSlugs: ['jupyterlab'],
  slug: 'example',
  dimension: 'gpus',
  key: 'billing.low_balance_threshold_minor',
  valueJson: '500',
  role: 'project_member',
  permission: 'iam.project.read',
  permissions: ['allocations.allocation.read'],
  allowList: ['*'],
  publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ me@example',
  'memberInvite.subject': 'sam',
  'memberInvite.roles': ['organization_member'],
  'appWorkItemLease.waitMs': 0,
};

let calls: ForeignCall[];
/** The same table with the caller's own identifiers in the place of foreign ones. */
let ownCalls: ForeignCall[];
let foreign: Set<string>;
let theirOrganization: string;
let token: string;

async function prepareCalls(): Promise<void> {
  theirOrganization = await settleOrganization(platform, 'Theirs', 'mira');
  const ourOrganization = await settleOrganization(platform, 'Ours', 'oscar');
  const owner = { scopeId: ourOrganization, subject: 'oscar', roles: ['organization_owner'] };
  await runCommand(platform.runtime, 'iam.member.invite', owner);
  const [theirs, ours] = [await rows.identifiers(theirOrganization), await rows.identifiers(ourOrganization)];
  const operator = await story.as('olivia');
  ours.set(
    'mdl',
    (await operator.request(ModelsDocument, { first: 1 })).models.nodes.map(({ id }) => id),
  );
  const own = new Set([...ours.values()].flat());
  foreign = new Set([...theirs.values()].flat().filter((id) => !own.has(id)));
  const prefixOfType = new Map([...(await nodePrefixes())].map(([prefix, type]) => [type, prefix]));
  const schema = platform.gateway.gateway.runtime.apiSchema;
  const common = { schema, prefixOfType, ours, examples: EXAMPLES };
  calls = foreignCalls({ ...common, theirs });
  ownCalls = foreignCalls({ ...common, theirs: ours });
  // The audit log is asked first: it tells an owner of the refusals that their own members met, by the names they used.
  calls.sort((one, other) => Number(other.field === 'auditRecords') - Number(one.field === 'auditRecords'));
  token = await platform.signIn('oscar');
}

/** What the calls of a kind came to, by field and place; only where it is not as it must be. */
async function holes(
  kinds: readonly ForeignCall['kind'][],
  ask: (call: ForeignCall) => Promise<GraphqlAnswer>,
): Promise<string[]> {
  const proven = new Map<string, boolean>();
  const found: string[] = [];
  for (const call of calls.filter(({ kind }) => kinds.includes(kind))) {
    const place = `${call.kind} ${call.field} ${call.position}`;
    const answer = await ask(call);
    const verdict = verdictOf(call, answer, foreign);
    proven.set(place, proven.get(place) === true || verdict === 'denied');
    if (verdict !== 'denied' && verdict !== 'unproven')
      found.push(`${place}: ${verdict}, with ${JSON.stringify(call.variables)}: ${JSON.stringify(answer.errors)}`);
  }
  const unproven = [...proven].filter(([, isProven]) => !isProven).map(([place]) => place);
  return [
    ...found,
    ...unproven.map((place) => `${place}: never denied for its sake; give an example of its arguments`),
  ];
}

describe('with identifiers of another organization', () => {
  beforeAll(prepareCalls, 120_000);

  it('the table covers the whole API', () => {
    const fields = new Set(calls.map(({ kind, field }) => `${kind} ${field}`));
    expect(fields.size).toBeGreaterThan(100);
    for (const field of ['query node', 'query project', 'mutation allocationRelease', 'subscription spendEvents'])
      expect(fields).toContain(field);
  });

  it('an owner of one organization sees nothing of the other, and changes nothing, in any query or mutation', async () => {
    // Usage windows pass, conditions and balances are watched: what changes from here on, these requests changed.
    await platform.stopWorker();
    const before = await rows.digests(theirOrganization);
    const found = await holes(['query', 'mutation'], (call) => graphqlRequest(story.url, { ...call, token }));
    expect(found).toEqual([]);
    expect(await rows.digests(theirOrganization)).toEqual(before);
  }, 240_000);

  it('the same queries with their own identifiers are answered: the denials are for the sake of the organization', async () => {
    const answered = new Set<string>();
    for (const call of ownCalls.filter(({ kind }) => kind === 'query')) {
      const answer = await graphqlRequest(story.url, { ...call, token });
      if (verdictOf(call, answer, new Set()) === 'accepted') answered.add(call.field);
    }
    expect([...answered]).toEqual(expect.arrayContaining(['node', 'project', 'allocation', 'auditRecords', 'apiKeys']));
    expect(answered.size).toBeGreaterThan(25);
  }, 120_000);

  it('no subscription opens', async () => {
    expect(await holes(['subscription'], (call) => firstEvent(call))).toEqual([]);
  }, 120_000);
});

/** The first thing that a stream tells. One that opens and waits counts as accepted. */
async function firstEvent({ query, variables, field }: ForeignCall): Promise<GraphqlAnswer> {
  const patience = AbortSignal.timeout(2000);
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ query, variables });
  const opened: GraphqlAnswer = { status: 200, data: { [field]: { isOpen: true } }, errors: [], code: undefined };
  try {
    const response = await fetch(story.url, { method: 'POST', headers, body, signal: patience });
    const text = await response.text();
    const json = /^data: (.+)$/m.exec(text)?.[1] ?? text;
    const { data, errors = [] } = JSON.parse(json) as Partial<GraphqlAnswer>;
    return { status: response.status, data, errors, code: errors[0]?.extensions['code'] };
  } catch (error) {
    if (patience.aborted) return opened;
    throw error;
  }
}
