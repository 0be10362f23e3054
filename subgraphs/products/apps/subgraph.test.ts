import { parse, subscribe } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AppsFixture, startApps } from './testing/apps-fixture.js';

let fixture: AppsFixture;

beforeAll(async () => {
  fixture = await startApps();
});
afterAll(() => fixture.close());

const LEASE =
  'lease { leaseId fence leaseSeconds heartbeatSeconds workItem { id kind state attempt spec observesFirst } }';
const INSTANCE =
  'appInstance { id name state health generation observedGeneration availableActions planHash conditions { type status } endpoints { name url isReady } }';

it('launches an app, has a worker bring it up, stops, starts and removes it, and streams what happens', async () => {
  const { projectId, platform, worker, member } = fixture;
  const allocationId = platform.addAllocation(projectId);
  const stream = await subscribe({
    schema: fixture.schema.schema,
    document: parse(
      `subscription ($projectId: ID!) { appInstanceEvents(projectId: $projectId) { type data subject { id state project { id } allocation { id } } } }`,
    ),
    variableValues: { projectId },
    contextValue: fixture.test.context(member),
  });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  const first = stream.next();

  const launched = await fixture.mutate('appInstanceLaunch', INSTANCE, {
    projectId,
    appSlug: 'jupyterlab',
    allocationId,
    name: 'notebook',
    parameters: { theme: 'dark' },
    idempotencyKey: 'launch-1',
  });
  expect(launched.userErrors).toEqual([]);
  expect(launched.appInstance).toMatchObject({
    state: 'REQUESTED',
    generation: 1,
    observedGeneration: 0,
    availableActions: ['DECOMMISSION'],
  });
  const { id } = launched.appInstance;
  expect(await first).toMatchObject({
    value: {
      data: { appInstanceEvents: { subject: { id, project: { id: projectId }, allocation: { id: allocationId } } } },
    },
  });
  await stream.return?.();

  const leased = await fixture.mutate('appWorkItemLease', LEASE, { projectId, appSlugs: ['jupyterlab'] }, worker);
  expect(leased.lease).toMatchObject({
    fence: 1,
    leaseSeconds: 30,
    workItem: { kind: 'PROVISION', state: 'LEASED', attempt: 1, observesFirst: false },
  });
  expect(leased.lease.workItem.spec).toMatchObject({
    host: '127.0.0.1',
    plan: { values: { theme: 'dark', idleMinutesMax: 120, allowsTerminals: true } },
  });
  const claim = { workItemId: leased.lease.workItem.id, leaseId: leased.lease.leaseId, fence: 1 };
  expect(await fixture.mutate('appWorkItemHeartbeat', 'answer', claim, worker)).toMatchObject({ answer: 'OK' });
  const reported = await fixture.mutate(
    'appWorkItemReport',
    'workItem { steps { name state } }',
    {
      ...claim,
      steps: [{ name: 'pull image', state: 'RUNNING' }],
      endpoints: [{ name: 'web', url: 'http://127.0.0.1:8888/lab', isReady: true }],
    },
    worker,
  );
  expect(reported).toMatchObject({ userErrors: [], workItem: { steps: [{ name: 'pull image', state: 'RUNNING' }] } });
  const completed = await fixture.mutate(
    'appWorkItemComplete',
    'workItem { state }',
    { ...claim, health: 'HEALTHY' },
    worker,
  );
  expect(completed).toMatchObject({ userErrors: [], workItem: { state: 'COMPLETED' } });

  const answer = await fixture.run(
    `query ($id: ID!) { appInstance(id: $id) { state health observedGeneration endpoints { name url isReady protocol } conditions { type status } meteredUntil isMetered priceSnapshot { id } version { number app { slug } } workItems { kind state } } }`,
    { id },
  );
  expect(answer.data.appInstance).toMatchObject({
    state: 'RUNNING',
    health: 'HEALTHY',
    observedGeneration: 1,
    isMetered: true,
    version: { number: '4.4.0', app: { slug: 'jupyterlab' } },
    endpoints: [{ name: 'web', url: 'http://127.0.0.1:8888/lab', isReady: true, protocol: 'HTTP' }],
  });
  expect(answer.data.appInstance.conditions).toContainEqual({ type: 'ENDPOINTS_READY', status: 'TRUE' });
  expect(answer.data.appInstance.conditions).toContainEqual({ type: 'CONTROLLER_REACHABLE', status: 'TRUE' });
  expect(answer.data.appInstance.meteredUntil).not.toBeNull();

  expect((await fixture.mutate('appInstanceStop', INSTANCE, { id })).appInstance).toMatchObject({
    state: 'RUNNING',
    generation: 2,
  });
  await work('ACTION');
  expect((await fixture.mutate('appInstanceStart', INSTANCE, { id })).appInstance).toMatchObject({
    state: 'DEPLOYING',
    generation: 3,
  });
  await work('ACTION', { endpoints: [{ name: 'web', url: 'http://127.0.0.1:8888/lab', isReady: true }] });
  expect((await fixture.mutate('appInstanceDecommission', INSTANCE, { id })).appInstance).toMatchObject({
    state: 'DECOMMISSIONING',
    endpoints: [{ name: 'web', url: null, isReady: false }],
  });
  expect(platform.held.has(id)).toBe(true);
  await work('DECOMMISSION');
  const gone = await fixture.run(
    `query ($id: ID!) { appInstance(id: $id) { state observedGeneration generation availableActions } }`,
    { id },
  );
  expect(gone.data.appInstance).toEqual({
    state: 'DECOMMISSIONED',
    observedGeneration: 4,
    generation: 4,
    availableActions: [],
  });
  expect(platform.held.has(id)).toBe(false);
});

async function work(kind: string, told: Record<string, unknown> = {}): Promise<void> {
  const { projectId, worker } = fixture;
  const { lease } = await fixture.mutate('appWorkItemLease', LEASE, { projectId, appSlugs: ['jupyterlab'] }, worker);
  expect(lease?.workItem.kind).toBe(kind);
  const claim = { workItemId: lease.workItem.id, leaseId: lease.leaseId, fence: lease.fence };
  expect(
    await fixture.mutate('appWorkItemComplete', 'workItem { state }', { ...claim, ...told }, worker),
  ).toMatchObject({ userErrors: [] });
}
