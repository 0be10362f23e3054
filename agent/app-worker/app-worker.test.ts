import { afterEach, beforeAll, afterAll, expect, it } from 'vitest';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { type AppsFixture, startApps } from '../../subgraphs/products/apps/testing/apps-fixture.js';
import { type GraphServer, serveGraph } from '../../subgraphs/products/apps/testing/graph-server.js';
import { type AppWorker, SimulatedRuntime, startAppWorker } from './index.js';

let fixture: AppsFixture;
let server: GraphServer;
const workers: AppWorker[] = [];
const runtimes: SimulatedRuntime[] = [];

beforeAll(async () => {
  fixture = await startApps({ runsWorker: true, timings: { leaseSeconds: 2, heartbeatSeconds: 1 } });
  server = await serveGraph(fixture, { worker: { secret: 's3cret', actor: fixture.worker } });
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.close()));
});
afterAll(async () => {
  await server.close();
  await fixture.close();
});

function newRuntime(stepMilliseconds = 10): SimulatedRuntime {
  const runtime = new SimulatedRuntime({ stepMilliseconds });
  runtimes.push(runtime);
  return runtime;
}

function start(runtime: SimulatedRuntime, secret = 's3cret'): AppWorker {
  const worker = startAppWorker({
    url: server.url,
    tokenUrl: server.tokenUrl,
    clientId: 'worker',
    clientSecret: secret,
    appSlugs: ['jupyterlab', 'vllm'],
    projectId: fixture.projectId,
    runtime,
    waitMs: 2000,
  });
  workers.push(worker);
  return worker;
}

let count = 0;
async function launch(appSlug = 'jupyterlab', parameters: Record<string, unknown> = {}): Promise<string> {
  count += 1;
  const payload = await fixture.mutate('appInstanceLaunch', 'appInstance { id }', {
    projectId: fixture.projectId,
    appSlug,
    allocationId: fixture.platform.addAllocation(fixture.projectId),
    name: `instance-${count}`,
    parameters,
  });
  expect(payload.userErrors).toEqual([]);
  return payload.appInstance.id;
}

interface Seen {
  state: string;
  health: string;
  endpoints: { url: string | null; isReady: boolean; protocol: string }[];
  workItems: { kind: string; state: string; attempt: number; steps: { name: string; state: string }[] }[];
  lateReports: { verb: string }[];
}

async function see(id: string): Promise<Seen> {
  const answer = await fixture.run(
    'query ($id: ID!) { appInstance(id: $id) { state health endpoints { url isReady protocol } workItems { kind state attempt steps { name state } } lateReports { verb } } }',
    { id },
  );
  return answer.data.appInstance as Seen;
}

async function until(id: string, state: string): Promise<Seen> {
  return eventually(
    async () => {
      const seen = await see(id);
      return seen.state === state ? seen : null;
    },
    { what: `${id} is ${state}`, milliseconds: 20_000 },
  );
}

it('brings an app up over HTTP with a service account, so that its endpoint really answers, and removes it', async () => {
  const runtime = newRuntime();
  start(runtime);
  const id = await launch();
  const seen = await until(id, 'RUNNING');
  expect(seen).toMatchObject({ health: 'HEALTHY', endpoints: [{ isReady: true, protocol: 'HTTP' }] });
  expect(seen.workItems[0]?.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'pull image SUCCEEDED',
    'start container SUCCEEDED',
    'wait until ready SUCCEEDED',
  ]);
  const url = seen.endpoints[0]?.url ?? '';
  expect(await (await fetch(url)).json()).toMatchObject({ app: 'jupyterlab', instance: id });
  await fixture.mutate('appInstanceDecommission', 'appInstance { id }', { id });
  await until(id, 'DECOMMISSIONED');
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  expect(runtime.size).toBe(0);
});

it('serves the models of vLLM, stops and starts it', async () => {
  const runtime = newRuntime();
  start(runtime);
  const id = await launch('vllm', { model: 'openai/gpt-oss-20b' });
  const { endpoints } = await until(id, 'RUNNING');
  expect(await (await fetch(`${endpoints[0]?.url ?? ''}/models`)).json()).toMatchObject({ object: 'list' });
  await fixture.mutate('appInstanceStop', 'appInstance { id }', { id });
  expect((await until(id, 'STOPPED')).endpoints[0]).toMatchObject({ url: null, isReady: false });
  expect(runtime.size).toBe(0);
  await fixture.mutate('appInstanceStart', 'appInstance { id }', { id });
  expect((await until(id, 'RUNNING')).endpoints[0]?.isReady).toBe(true);
});

it('gives its work back when it stops, and another worker goes on at once', async () => {
  const slow = newRuntime(60_000);
  // The platform says DEPLOYING when it has given the work out, which may be before the worker has heard of it.
  const isAtWork = Promise.withResolvers<void>();
  const pull = slow.pull.bind(slow);
  slow.pull = async (workload, signal) => {
    isAtWork.resolve();
    await pull(workload, signal);
  };
  const first = start(slow);
  const id = await launch();
  await until(id, 'DEPLOYING');
  await isAtWork.promise;
  await first.stop();
  expect((await see(id)).workItems[0]).toMatchObject({ state: 'QUEUED', attempt: 0 });
  start(newRuntime());
  expect((await until(id, 'RUNNING')).lateReports).toEqual([]);
});

it('hears that its instance is to be removed while it brings it up, and stops', async () => {
  start(newRuntime(60_000));
  const id = await launch();
  await until(id, 'DEPLOYING');
  await fixture.mutate('appInstanceDecommission', 'appInstance { id }', { id });
  const seen = await until(id, 'DECOMMISSIONED');
  expect(seen.workItems.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'DECOMMISSION COMPLETED',
    'PROVISION CANCELLED',
  ]);
});

it('brings back after a restart what the platform says should run, where it was', async () => {
  const before = newRuntime();
  const worker = start(before);
  const id = await launch();
  const url = (await until(id, 'RUNNING')).endpoints[0]?.url ?? '';
  await worker.stop();
  await before.close();
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  start(newRuntime());
  const body = await eventually(async () =>
    fetch(url).then(
      (response) => response.json(),
      () => null,
    ),
  );
  expect(body).toMatchObject({ instance: id });
});

it('goes on asking while the platform does not take its secret, and never logs it', async () => {
  const lines: string[] = [];
  const log = (facts: object, message: string): void =>
    void lines.push(JSON.stringify(facts, Object.getOwnPropertyNames(Object(facts))) + message);
  const worker = startAppWorker({
    url: server.url,
    tokenUrl: server.tokenUrl,
    clientId: 'worker',
    clientSecret: 'wrong-s3cret-value',
    appSlugs: ['jupyterlab'],
    projectId: fixture.projectId,
    runtime: newRuntime(),
    logger: { info: log, warn: log, error: log },
  });
  workers.push(worker);
  await eventually(() => lines.length >= 2);
  expect(lines.join('\n')).not.toContain('wrong-s3cret-value');
  await worker.stop();
});
