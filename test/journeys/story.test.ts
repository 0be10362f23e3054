import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AllocationEventsDocument,
  BillingAccountDocument,
  type ControlPlane,
  LedgerReconciliationDocument,
  ProjectSpendDocument,
  SpendEventsDocument,
} from '../../codegen/sdk/src/index.js';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { tellRefusals } from '../../processes/demo/refusals.js';
import { type MachineAccount, Story } from '../../processes/demo/story.js';
import { startFleet, startWorker } from '../harness/agents.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';

let platform: TestPlatform;
let story: Story;
let operator: ControlPlane;
let member: ControlPlane;
let machine: ControlPlane;
let account: MachineAccount;
let place: Awaited<ReturnType<Story['onboard']>>;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  platform = await startPlatform({ CP_USAGE_WINDOW_SECONDS: '1' });
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  story = new Story(platform);
  operator = await story.as('olivia');
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe('the story, through the gateway only', () => {
  it('1. an operator onboards an organization, projects and a member, sets quotas and tops the account up', async () => {
    place = await story.onboard(operator, { name: 'Story Labs', memberSubject: 'mira', deposit: '100.00' });
    const { billingAccount } = await operator.request(BillingAccountDocument, { organizationId: place.organizationId });
    expect(billingAccount).toMatchObject({ state: 'HEALTHY', balance: { amount: '100.00' } });
  });

  it('2. the member signs in with PKCE and makes a service account, whose token works in its project only', async () => {
    member = await story.as('mira');
    account = await story.machine(member, {
      projectId: place.projectId,
      slug: 'trainer',
      role: 'project_member',
      allowList: ['*'],
    });
    machine = story.asMachine(account);
    const inside = await machine.request(ProjectSpendDocument, { id: place.projectId });
    expect(inside.project?.name).toBe('Training');
    const outside = await machine.request(ProjectSpendDocument, { id: place.otherProjectId });
    expect(outside.project).toBeNull();
  });

  let allocationId: string;
  let lastCursor: string;
  it('3. an allocation of two GPUs streams from requested to active, followed into three subgraphs', async () => {
    const sshKeyIds = [await story.sshKey(member, account.id)];
    const result = await story.allocate(machine, { projectId: place.projectId, gpuCount: 2, sshKeyIds });
    allocationId = result.allocationId;
    lastCursor = result.lastCursor;
    expect(result.states).toEqual([
      'allocations.allocation.requested',
      'allocations.allocation.provisioning_started',
      'allocations.allocation.activated',
    ]);
  });

  it('4. usage accrues per window with the price of the launch, and the stream of spend shows balance and amount', async () => {
    const leaving = new AbortController();
    let charged = '0';
    for await (const event of member.stream(
      SpendEventsDocument,
      { organizationId: place.organizationId, projectId: place.projectId },
      { signal: leaving.signal },
    )) {
      if (event.type !== 'billing.usage.recorded') continue;
      charged = event.amount?.amount ?? '0';
      break;
    }
    leaving.abort();
    expect(Number(charged)).toBeGreaterThan(0);
    const { project } = await member.request(ProjectSpendDocument, { id: place.projectId });
    expect(Number(project?.spend?.total.amount)).toBeGreaterThan(0);
  });

  let instanceId: string;
  it('5. JupyterLab is launched on it, and a worker that knows only the public API brings it to running', async () => {
    const workerAccount = await story.machine(member, {
      projectId: place.projectId,
      slug: 'worker',
      role: 'app_worker',
      allowList: ['apps.*'],
    });
    const worker = startWorker(platform, workerAccount, place.projectId);
    stops.push(() => worker.stop());
    instanceId = await story.launch(member, {
      projectId: place.projectId,
      allocationId,
      appSlug: 'jupyterlab',
      name: 'notebook',
    });
    const running = await eventually(
      async () => {
        const instance = await story.instance(member, instanceId);
        return instance.state === 'RUNNING' ? instance : null;
      },
      { milliseconds: 20_000, what: 'a running instance' },
    );
    const endpoint = running.endpoints.find((candidate) => candidate.isReady);
    expect(endpoint?.url).toMatch(/^http/);
    expect((await fetch(endpoint?.url ?? '')).status).toBeLessThan(500);
  });

  let apiKey: string;
  it('6. a model answers the official client, plain and streaming, and its tokens are on the same ledger', async () => {
    const served = await story.serveModel(member, {
      projectId: place.projectId,
      name: 'assistant',
      modelSlug: 'echo-small',
    });
    apiKey = served.apiKey;
    const openai = new OpenAI({ baseURL: `${platform.origin}/v1`, apiKey, maxRetries: 3 });
    const plain = await openai.chat.completions.create({
      model: 'assistant',
      messages: [{ role: 'user', content: 'Tell me of GPUs' }],
    });
    expect(plain.usage?.total_tokens).toBeGreaterThan(0);
    let text = '';
    const stream = await openai.chat.completions.create({
      model: 'assistant',
      messages: [{ role: 'user', content: 'Tell me more' }],
      stream: true,
    });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text.length).toBeGreaterThan(0);
    await eventually(
      async () => {
        const { project } = await member.request(ProjectSpendDocument, { id: place.projectId });
        return project?.spend?.lines.some((line) => line.unit === 'output_token');
      },
      { what: 'tokens in the spend of the project' },
    );
  });

  it('7. exceeding quota, balance, role, project boundary and model allow-list is refused, each with its code, and audited', async () => {
    const told: string[] = [];
    const listener = { refusal: (_code: string, message: string) => told.push(message), fact: () => {} };
    const requests = { apiKey, origin: platform.origin };
    const codes = await tellRefusals(listener, {
      story,
      operator,
      member,
      machine,
      place,
      memberSubject: 'mira',
      allocationId,
      requests,
    });
    expect(codes).toEqual(['QUOTA_EXCEEDED', 'INSUFFICIENT_BALANCE', 'FORBIDDEN', 'FORBIDDEN', 'model_not_allowed']);
    expect(told.every((message) => message.length > 20)).toBe(true);
    const denials = { organizationId: place.organizationId, result: 'DENIED' } as const;
    await story.audited(operator, denials, ['iam.project.create', 'allocations.allocation.create']);
  });

  it('9. a subscriber that was away while events happened misses none and sees none twice', async () => {
    const release = await story.release(machine, allocationId);
    expect(release).toBe('RELEASED');
    const types: string[] = [];
    for await (const event of machine.stream(
      AllocationEventsDocument,
      { projectId: place.projectId },
      { after: lastCursor },
    )) {
      if (event.subject?.id === allocationId) types.push(event.type);
      if (event.type === 'allocations.allocation.released') break;
    }
    expect(new Set(types).size).toBe(types.length);
    expect(types.at(-1)).toBe('allocations.allocation.released');
  });

  it('8. one query from the allocation shows SKU, node, price, ledger, app, grants and audit, and the books agree', async () => {
    const told = await story.tellAll(operator, allocationId);
    expect(told).toMatchObject({
      state: 'RELEASED',
      sku: { name: 'h200-sxm-slice' },
      price: { unit: 'gpu_hour', unitPrice: { amount: '4.50' } },
    });
    expect(told.charges?.nodes.length).toBeGreaterThan(0);
    expect(told.project?.effectiveGrants?.length).toBeGreaterThan(0);
    expect(told.appInstances?.map((instance) => instance.id)).toContain(instanceId);
    const books = await operator.request(LedgerReconciliationDocument, { organizationId: place.organizationId });
    expect(books.ledgerReconciliation).toMatchObject({ isConserved: true, isBalanced: true, driftedAccounts: 0 });
    await story.audited(operator, { targetId: allocationId }, ['allocations.allocation.release']);
  });
});
