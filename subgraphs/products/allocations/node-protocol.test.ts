import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { systemActor } from '../../../kernel/access/actor.js';
import { eventually, testHuman } from '../../../kernel/testing/test-kernel.js';
import { AgentState } from '../../../agent/agent-state.js';
import { ControlPlaneClient } from '../../../agent/control-plane-client.js';
import { NodeAgent } from '../../../agent/node-agent.js';
import { SimulatedRuntime } from '../../../agent/runtime/simulated-runtime.js';
import { type AllocationWorld, createAllocation, createAllocationWorld, stateOf } from './testing/allocation-world.js';
import { tasksOf } from './testing/node-stand-in.js';
import { createRotateSigner } from './usecases/rotate-signer.js';
import { createReportTask } from './usecases/report-task.js';

let world: AllocationWorld;
let baseUrl: string;
let directory: string;
const nodes = Array.from({ length: 5 }, (_, at) => ({
  name: `slice-${at}`,
  region: 'eu-north-1',
  sku: 'h200-sxm-slice',
  gpuCount: 8,
  numaNodes: 2,
}));
const never = new AbortController().signal;

beforeAll(async () => {
  world = await createAllocationWorld({ nodes, timing: { staleSeconds: 1, lostSeconds: 2, redeliverSeconds: 1 } });
  baseUrl = await world.serve();
  directory = await mkdtemp(path.join(tmpdir(), 'agents-'));
});
afterAll(() => world.close());

const token = (name: string): string => world.bootstrapTokens[name] ?? '';
async function client(name: string): Promise<{ state: AgentState; client: ControlPlaneClient }> {
  const state = await AgentState.open(directory, name);
  return { state, client: new ControlPlaneClient({ baseUrl, state, clock: () => new Date() }) };
}
/** The application's roles may not change when a token ends. */
async function expireTokens(moment: string): Promise<void> {
  const superuser = new pg.Client({ connectionString: world.test.database.superuserUrl });
  await superuser.connect();
  await superuser.query(`update allocations.bootstrap_tokens set expires_at = ${moment}`);
  await superuser.end();
}
const nodeRow = async (name: string): Promise<Record<string, unknown>> => {
  const row = await world.test.kernel.database.read('system', (tx) =>
    tx.row('select * from allocations.nodes where name = $1', [name]),
  );
  return row ?? {};
};
const runtime = (name: string, options = {}): SimulatedRuntime =>
  new SimulatedRuntime({ name, gpuCount: 8, numaNodes: 2 }, options);
const open = (name: string, machine: SimulatedRuntime, refusals: string[] = []): Promise<NodeAgent> =>
  NodeAgent.open({
    name,
    baseUrl,
    stateDirectory: directory,
    bootstrapToken: token(name),
    runtime: machine,
    waitSeconds: 1,
    heartbeatSeconds: 0.2,
    backoffMilliseconds: 20,
    onRefusal: (code) => refusals.push(code),
  });

/** A machine that was silent for a second takes nothing: on a busy one that may be now, and not in a moment. */
const allocate = (): Promise<string> =>
  eventually(async () => (await createAllocation(world)).allocation?.id, { what: 'an allocation' });

describe('enrolment', () => {
  it('takes a bootstrap token once: the second use is refused whoever comes', async () => {
    const first = await client('slice-0');
    expect(await first.client.enroll(token('slice-0'), '0.1.0', never)).toMatchObject({
      epoch: 1,
      nodeId: expect.stringMatching(/^nod_/),
    });
    await expect(first.client.enroll(token('slice-0'), '0.1.0', never)).rejects.toMatchObject({
      status: 401,
      code: 'TOKEN_INVALID',
    });
    await expect((await client('thief')).client.enroll(token('slice-0'), '0.1.0', never)).rejects.toMatchObject({
      status: 401,
    });
    await expect(first.client.enroll(`nbt_${'x'.repeat(43)}`, '0.1.0', never)).rejects.toMatchObject({
      status: 401,
      code: 'TOKEN_INVALID',
    });
    const stored = await world.test.kernel.database.read('system', (tx) =>
      tx.rows('select * from allocations.bootstrap_tokens'),
    );
    expect(JSON.stringify([stored, world.authority.records])).not.toContain(token('slice-1').slice(4));
  });

  it('refuses an expired token, a key the caller does not hold, and a token issued anew replaces the old one', async () => {
    const old = token('slice-1');
    const { id } = (await nodeRow('slice-1')) as { id: string };
    const reissue = `mutation ($input: NodeBootstrapIssueInput!) { nodeBootstrapIssue(input: $input) { bootstrapToken userErrors { code } } }`;
    const { nodeBootstrapIssue } = (await world.ask(reissue, { input: { id } }, world.operator)) as {
      nodeBootstrapIssue: { bootstrapToken: string };
    };
    const agent = await client('slice-1');
    await expect(agent.client.enroll(old, '0.1.0', never)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    const body = JSON.stringify({
      bootstrapToken: nodeBootstrapIssue.bootstrapToken,
      publicKey: agent.state.publicKey,
      agentVersion: '1',
    });
    const unsigned = await request(new URL('/internal/v1/nodes/enroll', baseUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect([unsigned.statusCode, await unsigned.body.json()]).toMatchObject([
      401,
      { code: 'UNAUTHENTICATED', correlationId: expect.any(String) },
    ]);
    await expireTokens("now() - interval '1 second'");
    await expect(agent.client.enroll(nodeBootstrapIssue.bootstrapToken, '0.1.0', never)).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expireTokens("now() + interval '1 minute'");
    expect(await agent.client.enroll(nodeBootstrapIssue.bootstrapToken, '0.1.0', never)).toMatchObject({ epoch: 1 });
    await expect(world.ask(reissue, { input: { id } }, world.operator)).resolves.toMatchObject({
      nodeBootstrapIssue: { bootstrapToken: null, userErrors: [{ code: 'INVALID_STATE' }] },
    });
  });
});

describe('requests of nodes', () => {
  it('are refused unless the enrolled key of that node signed them, and malformed ones with a code', async () => {
    const { state, client: own } = await client('slice-0');
    const { id } = (await nodeRow('slice-0')) as { id: string };
    await state.enrolled({ nodeId: id, epoch: 1, verifiers: [], issuedAt: 0 });
    const beat = { epoch: 1, health: 'HEALTHY' as const, healthDetail: null, load: {} };
    expect(await own.heartbeat(beat, never)).toMatchObject({ epoch: 1 });
    await expect(own.heartbeat({ ...beat, epoch: 0 }, never)).rejects.toMatchObject({
      status: 409,
      code: 'STALE_FENCE',
    });
    await expect(own.heartbeat({ ...beat, health: 'FINE' as never }, never)).rejects.toMatchObject({
      status: 400,
      code: 'BAD_USER_INPUT',
    });
    await expect(own.waitForTasks(99, never)).rejects.toMatchObject({ status: 400 });
    await expect(
      own.report('ntk_unknown', { epoch: 1, fence: 0, status: 'completed', result: {} }, never),
    ).rejects.toMatchObject({ status: 404 });
    const forged = await AgentState.open(directory, 'forger');
    await forged.enrolled({ nodeId: id, epoch: 1, verifiers: [], issuedAt: 0 });
    const forger = new ControlPlaneClient({ baseUrl, state: forged, clock: () => new Date() });
    await expect(forger.heartbeat(beat, never)).rejects.toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    const bare = await request(new URL(`/internal/v1/nodes/${id}/tasks/wait`, baseUrl));
    expect(bare.statusCode).toBe(401);
    await bare.body.dump();
  });

  it("cannot report another node's task, nor can a person report any", async () => {
    const report = createReportTask(world.services);
    const { id } = (await nodeRow('slice-0')) as { id: string };
    const row = await world.test.kernel.database.read('system', (tx) =>
      tx.row<{ id: string }>('select id from allocations.node_tasks where node_id = $1', [id]),
    );
    const input = { nodeId: id, taskId: row?.id ?? '', epoch: 1, fence: 0, status: 'completed', result: {} };
    for (const actor of [testHuman('*'), { ...testHuman('*'), kind: 'node' as const, id: newId('nod') }]) {
      expect(
        await world.services.pipeline.execute(report, input, { actor, correlationId: newId('cor') }),
      ).toMatchObject({ ok: false, refusals: [{ code: 'NOT_FOUND' }] });
    }
  });
});

describe('an agent', () => {
  it('goes into service, is lost when it is silent on both signals, and comes back with its identity', async () => {
    const agent = await open('slice-2', runtime('slice-2'));
    agent.start();
    await eventually(async () => (await nodeRow('slice-2'))['state'] === 'active');
    await agent.kill();
    await eventually(async () => (await nodeRow('slice-2'))['state'] === 'offline', { milliseconds: 8000 });
    const again = await open('slice-2', runtime('slice-2'));
    again.start();
    await eventually(async () => (await nodeRow('slice-2'))['state'] === 'active');
    expect(await nodeRow('slice-2')).toMatchObject({ epoch: 1n, connectivity: 'CONNECTED' });
    await again.stop();
  });

  it('refuses a task with a lower fence, a wrong epoch or a bad signature, does nothing, and says so', async () => {
    const machine = runtime('slice-3');
    const refusals: string[] = [];
    const agent = await open('slice-3', machine, refusals);
    agent.start();
    await eventually(async () => (await nodeRow('slice-3'))['state'] === 'active');
    const nodeId = agent.nodeId ?? '';
    const queue = async (change: {
      epoch?: number;
      fence?: number;
      allocationId?: string;
      spoil?: boolean;
    }): Promise<string> => {
      const taskId = newId('ntk');
      const { epoch = 1, fence = 1, allocationId = 'alc_x' } = change;
      const params = {
        allocationId,
        image: 'i',
        vcpus: 1,
        memoryGib: 1,
        gpuCount: 1,
        slots: [{ slotIndex: 0, gpuPciAddress: null, fabricVfPciAddress: null, numaNode: 0 }],
        user: 'tenant',
        sshPublicKeys: [],
      };
      const at = Math.floor(Date.now() / 1000);
      const signed = await world.services.signer.sign({
        taskId,
        nodeId,
        type: 'slice.vm_provision',
        params,
        epoch,
        fence,
        issuedAt: at,
        expiresAt: at + 60,
      });
      await world.test.kernel.database.transaction('system', (tx) =>
        tx.execute(
          `insert into allocations.node_tasks (id, node_id, type, epoch, fence, signed, status, created_at, expires_at)
           values ($1, $2, 'slice.vm_provision', 1, $3, $4, 'queued', now(), now() + interval '1 minute')`,
          [taskId, nodeId, fence, change.spoil === true ? `${signed.slice(0, -6)}AAAAAA` : signed],
        ),
      );
      return taskId;
    };
    await queue({ fence: 5 });
    await eventually(() => machine.running.includes('alc_x'));
    await queue({ fence: 4 });
    await queue({ fence: 5 });
    await queue({ epoch: 9, allocationId: 'alc_epoch' });
    await queue({ spoil: true, allocationId: 'alc_spoilt' });
    await eventually(() => refusals.length >= 4);
    expect(refusals.sort()).toEqual(
      expect.arrayContaining(['BAD_SIGNATURE', 'STALE_EPOCH', 'STALE_FENCE', 'STALE_FENCE']),
    );
    expect(machine.running).toEqual(['alc_x']);
    await agent.stop();
  });

  it('finishes after a crash in the middle of provisioning, and brings nothing up twice', async () => {
    await world.test.kernel.database.transaction('system', (tx) =>
      tx.execute(`update allocations.nodes set scheduling = 'CORDONED' where name <> 'slice-4'`),
    );
    let provisions = 0;
    const machine = runtime('slice-4', { provisionMilliseconds: 150 });
    const provision = machine.provision.bind(machine);
    machine.provision = async (params, signal) => {
      provisions += 1;
      return provision(params, signal);
    };
    const agent = await open('slice-4', machine);
    agent.start();
    await eventually(async () => (await nodeRow('slice-4'))['state'] === 'active');
    const id = await allocate();
    await eventually(() => provisions === 1);
    await agent.kill();
    const again = await open('slice-4', machine);
    again.start();
    await eventually(async () => (await stateOf(world, id)) === 'active');
    expect(machine.running).toEqual([id]);
    expect((await tasksOf(world, id)).map((task) => task.status)).toEqual(['completed']);
    await again.stop();
  });

  it('follows a rotation of the signing key without a gap, and keeps its key file private', async () => {
    const { state } = await client('slice-4');
    const agent = await open('slice-4', runtime('slice-4'));
    agent.start();
    const rotate = createRotateSigner(world.services);
    const invocation = { actor: systemActor('test'), correlationId: newId('cor') };
    const trusts = async (count: number): Promise<void> => {
      await world.services.signer.load();
      await eventually(async () => (await AgentState.open(directory, 'slice-4')).trusted.verifiers.length === count, {
        what: `${count} verifiers`,
      });
    };
    expect(await world.services.pipeline.execute(rotate, { step: 'activate' }, invocation)).toMatchObject({
      ok: false,
      refusals: [{ code: 'INVALID_STATE' }],
    });
    await world.services.pipeline.execute(rotate, { step: 'stage' }, invocation);
    await trusts(2);
    await world.services.pipeline.execute(rotate, { step: 'activate' }, invocation);
    await world.services.signer.load();
    const id = await allocate();
    await eventually(async () => (await stateOf(world, id)) === 'active');
    await world.services.pipeline.execute(rotate, { step: 'retire' }, invocation);
    await trusts(1);
    await agent.stop();
    expect(await readFile(path.join(directory, 'slice-4.json'), 'utf8')).toContain(state.publicKey.x);
  });
});
