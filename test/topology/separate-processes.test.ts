import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isTypeDefinitionNode, parse } from 'graphql';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AllocationDocument,
  AllocationEventsDocument,
  BillingAccountDocument,
  type ControlPlane,
  CreateAllocationDocument,
  LedgerReconciliationDocument,
  ProjectSpendDocument,
  SpendEventsDocument,
  unwrap,
} from '../../codegen/sdk/src/index.js';
import { ACTOR_HEADER, signActor } from '../../kernel/access/actor-header.js';
import { projectPath } from '../../kernel/project-path.js';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { tellRefusals } from '../../processes/demo/refusals.js';
import { type MachineAccount, Story, present } from '../../processes/demo/story.js';
import { graphqlRequest } from '../harness/graphql-request.js';
import { SUBGRAPHS, Topology } from './topology.js';

/** Names of the types, those of federation itself left out. */
function typesIn(sdl: string): string[] {
  const names = parse(sdl).definitions.flatMap((node) => (isTypeDefinitionNode(node) ? [node.name.value] : []));
  return names.filter((name) => !/^(federation__|link__|_)/.test(name)).sort();
}

let topology: Topology;
const stops: (() => Promise<unknown>)[] = [];
let story: Story;
let operator: ControlPlane;
let member: ControlPlane;
let machine: ControlPlane;
let account: MachineAccount;
let place: Awaited<ReturnType<Story['onboard']>>;
let allocationId: string;
let lastCursor: string;

beforeAll(async () => {
  topology = await Topology.start();
  stops.push(() => topology.stop());
  await topology.startFleet();
  story = new Story({ origin: topology.origin, signIn: (subject) => topology.identity.signIn(subject) });
  operator = await story.as('olivia');
}, 240_000);
afterAll(async () => {
  for (const stop of stops) await stop();
}, 120_000);

describe('the story over nine processes', () => {
  it('1. an operator of the configuration onboards an organization', async () => {
    place = await story.onboard(operator, { name: 'Nine Labs', memberSubject: 'mira', deposit: '100.00' });
    const { billingAccount } = await operator.request(BillingAccountDocument, { organizationId: place.organizationId });
    expect(billingAccount).toMatchObject({ state: 'HEALTHY', balance: { amount: '100.00' } });
  });

  it('2. a service account gets a token that works in its project only', async () => {
    member = await story.as('mira');
    const { projectId, otherProjectId } = place;
    account = await story.machine(member, { projectId, slug: 'trainer', role: 'project_member', allowList: ['*'] });
    machine = story.asMachine(account);
    expect((await machine.request(ProjectSpendDocument, { id: projectId })).project?.name).toBe('Training');
    expect((await machine.request(ProjectSpendDocument, { id: otherProjectId })).project).toBeNull();
  });

  it('3. an allocation streams from requested to active, followed into three subgraphs', async () => {
    const sshKeyIds = [await story.sshKey(member, account.id)];
    const told = await story.allocate(machine, { projectId: place.projectId, gpuCount: 2, sshKeyIds });
    ({ allocationId, lastCursor } = told);
    expect(told.states).toEqual([
      'allocations.allocation.requested',
      'allocations.allocation.provisioning_started',
      'allocations.allocation.activated',
    ]);
  }, 60_000);

  it('4. usage becomes money, and the stream of spend shows it', async () => {
    const { organizationId, projectId } = place;
    for await (const event of member.stream(SpendEventsDocument, { organizationId, projectId })) {
      if (event.type !== 'billing.usage.recorded') continue;
      expect(Number(event.amount?.amount)).toBeGreaterThan(0);
      break;
    }
    const { project } = await member.request(ProjectSpendDocument, { id: projectId });
    expect(Number(project?.spend?.total.amount)).toBeGreaterThan(0);
  }, 60_000);

  let apiKey: string;
  it('6. a model answers the official client, and its tokens are on the same ledger', async () => {
    const { projectId } = place;
    ({ apiKey } = await story.serveModel(member, { projectId, name: 'assistant', modelSlug: 'echo-small' }));
    const openai = new OpenAI({ baseURL: `${topology.origin}/v1`, apiKey, maxRetries: 5 });
    const messages = [{ role: 'user' as const, content: 'Tell me of GPUs' }];
    const plain = await openai.chat.completions.create({ model: 'assistant', messages });
    expect(plain.usage?.total_tokens).toBeGreaterThan(0);
    let text = '';
    for await (const chunk of await openai.chat.completions.create({ model: 'assistant', messages, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text.length).toBeGreaterThan(0);
    const isCharged = async (): Promise<boolean | undefined> =>
      (await member.request(ProjectSpendDocument, { id: projectId })).project?.spend?.lines.some(
        ({ unit }) => unit === 'output_token',
      );
    await eventually(isCharged, { milliseconds: 30_000, what: 'tokens in the spend of the project' });
  }, 60_000);

  it('7. what exceeds quota, balance, role, project and allow-list is refused with the same codes', async () => {
    const listener = { refusal: () => {}, fact: () => {} };
    const requests = { apiKey, origin: topology.origin };
    const people = { operator, member, machine, memberSubject: 'mira' };
    const codes = await tellRefusals(listener, { story, ...people, place, allocationId, requests });
    expect(codes).toEqual(['QUOTA_EXCEEDED', 'INSUFFICIENT_BALANCE', 'FORBIDDEN', 'FORBIDDEN', 'model_not_allowed']);
  }, 60_000);
});

describe('the bundle', () => {
  it('serves the committed subgraphs: bundling renamed nothing that the graph shows', async () => {
    for (const name of SUBGRAPHS) {
      const { data } = await graphqlRequest(`${topology.originOf(name)}/graphql`, { query: '{ _service { sdl } }' });
      const { sdl } = (data?.['_service'] ?? {}) as { sdl: string };
      const committed = await readFile(projectPath('schema', 'subgraphs', `${name}.graphql`), 'utf8');
      expect(typesIn(sdl)).toEqual(typesIn(committed));
    }
  });
});

describe('two gateways', () => {
  it('answer the same, and stream the same events', async () => {
    const origin = await topology.runGateway('gateway-2');
    const token = await topology.identity.signIn('olivia');
    const query = `query ($id: ID!, $project: ID!) {
      allocation(id: $id) { id state gpuCount sku { name } node { name } price { hash unitPrice { amount } }
        project { name organization { name } effectiveGrants { roleId } } }
      allocationEvents(projectId: $project, first: 100) { cursor type subject { id } }
    }`;
    const variables = { id: allocationId, project: place.projectId };
    const [one, two] = await Promise.all(
      [topology.origin, origin].map((gateway) => graphqlRequest(`${gateway}/graphql`, { query, variables, token })),
    );
    expect(one?.errors).toEqual([]);
    expect(one?.data).toEqual(two?.data);
    const [first] = (one?.data?.['allocationEvents'] ?? []) as { cursor: string }[];
    const elsewhere = new Story({ origin, signIn: async () => token });
    const other = elsewhere.asMachine(account);
    const cursors = async (client: ControlPlane): Promise<string[]> => {
      const seen: string[] = [];
      for await (const event of client.stream(
        AllocationEventsDocument,
        { projectId: place.projectId },
        { after: first?.cursor ?? '' },
      )) {
        seen.push(event.cursor);
        if (event.cursor === lastCursor) break;
      }
      return seen;
    };
    const [here, there] = await Promise.all([cursors(machine), cursors(other)]);
    expect(here.length).toBeGreaterThanOrEqual(2);
    expect(there).toEqual(here);
    expect(await topology.end('gateway-2', 'SIGTERM')).toEqual({ code: 0, signal: null });
  }, 120_000);
});

describe('a subgraph that is killed', () => {
  it('costs its own fields only, and is back when it is started again', async () => {
    await topology.end('billing', 'SIGKILL');
    const query = `query ($id: ID!) { project(id: $id) { name organization { name } spend { total { amount } } } }`;
    const token = await topology.identity.signIn('olivia');
    const ask = () => graphqlRequest(story.url, { query, variables: { id: place.projectId }, token });
    const without = await ask();
    expect(without.data).toEqual({ project: { name: 'Training', organization: { name: 'Nine Labs' }, spend: null } });
    expect(without.errors).toMatchObject([
      { path: ['project', 'spend'], extensions: { code: 'UNAVAILABLE', retryable: true } },
    ]);
    expect(without.errors[0]?.extensions['correlationId']).toEqual(expect.any(String));
    // Work that others do through billing's contract goes on: it is in the database, not in the process.
    expect((await machine.request(AllocationDocument, { id: allocationId })).allocation?.state).toBe('ACTIVE');
    await topology.run('billing');
    const recovered = await eventually(
      async () => {
        const answer = await ask();
        return answer.errors.length === 0 ? answer : null;
      },
      { milliseconds: 30_000, what: 'the gateway finds billing again' },
    );
    expect(recovered.data).toMatchObject({ project: { spend: { total: { amount: expect.any(String) } } } });
  }, 120_000);
});

describe('a worker that is killed', () => {
  it('loses nothing: another one carries on with what was requested meanwhile', async () => {
    await topology.end('worker', 'SIGKILL');
    const input = { sku: 'h200-sxm-slice', region: 'eu-north-1', projectId: place.projectId, gpuCount: 1 };
    const created = unwrap((await machine.request(CreateAllocationDocument, { input })).allocationCreate);
    const id = present(created.allocation).id;
    const told = async (): Promise<string[]> => {
      const query = 'query ($id: ID!) { allocationEvents(projectId: $id, first: 100) { type subject { id } } }';
      const token = await topology.identity.signIn('olivia');
      const answer = await graphqlRequest(story.url, { query, variables: { id: place.projectId }, token });
      const events = answer.data?.['allocationEvents'] as { type: string; subject: { id: string } | null }[];
      return events.filter(({ subject }) => subject?.id === id).map(({ type }) => type);
    };
    expect(await told()).toEqual([]);
    await topology.run('worker');
    const types: string[] = [];
    const events = machine.stream(AllocationEventsDocument, { projectId: place.projectId }, { after: lastCursor });
    for await (const event of events) {
      if (event.subject?.id !== id) continue;
      types.push(event.type);
      if (event.type === 'allocations.allocation.activated') break;
    }
    expect(types).toEqual([
      'allocations.allocation.requested',
      'allocations.allocation.provisioning_started',
      'allocations.allocation.activated',
    ]);
    expect(await story.release(machine, id)).toBe('RELEASED');
  }, 120_000);
});

describe('the end of the story', () => {
  it('8. and 9. a subscriber that was away misses nothing, and one query tells all', async () => {
    expect(await story.release(machine, allocationId)).toBe('RELEASED');
    const cursors: string[] = [];
    const { projectId, organizationId } = place;
    for await (const event of machine.stream(AllocationEventsDocument, { projectId }, { after: lastCursor })) {
      cursors.push(event.cursor);
      if (event.subject?.id === allocationId && event.type === 'allocations.allocation.released') break;
    }
    expect(new Set(cursors).size).toBe(cursors.length);
    const told = await story.tellAll(operator, allocationId);
    expect(told).toMatchObject({ state: 'RELEASED', sku: { name: 'h200-sxm-slice' }, price: { unit: 'gpu_hour' } });
    expect(told.charges?.nodes.length).toBeGreaterThan(0);
    expect(told.auditRecords?.nodes.length).toBeGreaterThan(0);
    const books = await operator.request(LedgerReconciliationDocument, { organizationId });
    expect(books.ledgerReconciliation).toMatchObject({ isConserved: true, isBalanced: true, driftedAccounts: 0 });
  }, 120_000);
});

describe('the actor header', () => {
  const query = '{ organizations(first: 5) { nodes { id name } } }';
  const asked = (headers: Record<string, string>) =>
    graphqlRequest(`${topology.originOf('iam')}/graphql`, { query, headers });

  it('is refused when it was signed with another key, with none, or not at all', async () => {
    const actor = { kind: 'human', id: 'usr_x', displayName: 'X', organizationIds: '*', assurance: 3 } as const;
    const forged = await signActor(actor, randomBytes(32));
    const [, payload = ''] = forged.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'actor+jwt' })).toString('base64url');
    for (const value of [forged, `${header}.${payload}.`, 'system', '{"kind":"system"}']) {
      const answer = await asked({ [ACTOR_HEADER]: value });
      expect(answer.data ?? null).toBeNull();
      expect(answer.code).toBe('TOKEN_INVALID');
    }
  });

  it('is nobody when it is missing, whatever else the request says', async () => {
    const token = await topology.identity.signIn('olivia');
    const answer = await asked({ authorization: `Bearer ${token}` });
    expect({ data: answer.data ?? null, code: answer.code }).toEqual({ data: null, code: 'UNAUTHENTICATED' });
  });

  it('does not pass the gateway from outside', async () => {
    const answer = await graphqlRequest(story.url, { query, headers: { [ACTOR_HEADER]: 'forged' } });
    expect({ data: answer.data ?? null, code: answer.code }).toEqual({ data: null, code: 'UNAUTHENTICATED' });
  });
});

it('every process ends by itself when it is asked to', async () => {
  const exits = await topology.stop();
  for (const [name, exit] of exits) expect({ name, ...exit }).toEqual({ name, code: 0, signal: null });
  expect(exits.size).toBeGreaterThanOrEqual(9);
}, 120_000);
