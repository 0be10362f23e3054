import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppLife } from '../testing/app-life.js';
import { type AppsFixture, startApps } from '../testing/apps-fixture.js';

let fixture: AppsFixture;
let life: AppLife;
beforeAll(async () => {
  fixture = await startApps({ usageWindowSeconds: 60 });
  life = new AppLife(fixture);
});
afterEach(() =>
  fixture.sql(
    `update apps.work_items set state = 'cancelled' where state in ('queued', 'leased'); update apps.instances set leased_item_id = null`,
  ),
);
afterAll(() => fixture.close());

async function makeCluster(id: string): Promise<void> {
  await fixture.sql('update apps.instances set is_cluster = true where id = $1', [id]);
}

describe('what is asked of an instance', () => {
  it('is refused where its state does not offer it, with what it does offer', async () => {
    const id = await life.launch();
    for (const action of ['Start', 'Stop', 'Restart', 'Reconcile'])
      expect([action, await life.ask(action, id)]).toEqual([action, ['INVALID_STATE']]);
    expect(await life.ask('Upgrade', id, { versionId: 'apv_x' })).toEqual(['INVALID_STATE']);
    const payload = await fixture.mutate('appInstanceStop', 'appInstance { id }', { id });
    expect(payload.userErrors[0].details).toEqual({ state: 'requested', availableActions: ['decommission'] });
  });

  it('is a restart for a simple app; a cluster answers with a conflict and offers reconcile and repair', async () => {
    const id = await life.running();
    expect(await life.ask('Repair', id)).toEqual(['CONFLICT']);
    expect(await life.ask('Restart', id)).toEqual([]);
    expect(await life.complete(await life.mustLease('ACTION'))).toEqual([]);
    await makeCluster(id);
    const refused = await fixture.mutate('appInstanceRestart', 'appInstance { id }', { id });
    expect(refused.userErrors).toMatchObject([
      { code: 'CONFLICT', details: { availableActions: ['stop', 'reconcile', 'repair', 'upgrade', 'decommission'] } },
    ]);
    expect((await life.see(id)).workItems.filter(({ state }) => state === 'QUEUED')).toEqual([]);
    expect(await life.ask('Repair', id, { repairScope: 'CONTROL_PLANE' })).toEqual([]);
    const held = await life.mustLease('ACTION');
    expect(
      (await fixture.sql('select spec from apps.work_items where id = $1', [held.workItemId]))[0]?.['spec'],
    ).toMatchObject({ action: 'repair', repairScope: 'control_plane' });
    expect(await life.complete(held)).toEqual([]);
    expect((await life.see(id)).state).toBe('RUNNING');
  });

  it('waits its turn, but for a stop, which replaces it', async () => {
    const id = await life.running();
    expect(await life.ask('Restart', id)).toEqual([]);
    expect(await life.ask('Reconcile', id)).toEqual(['CONFLICT']);
    const restarting = await life.mustLease('ACTION');
    expect(await life.ask('Stop', id)).toEqual([]);
    expect(await life.heartbeat(restarting)).toBe('SUPERSEDED');
    expect(await life.ask('Restart', id)).toEqual(['INVALID_STATE']);
    expect(await life.lease()).toBeNull();
    expect(await life.write('Release', restarting)).toEqual([]);
    expect(await life.complete(await life.mustLease('ACTION'))).toEqual([]);
    const seen = await life.see(id);
    expect(seen).toMatchObject({
      state: 'STOPPED',
      desiredState: 'STOPPED',
      endpoints: [{ url: null, isReady: false }],
    });
    expect(seen.workItems.map(({ state }) => state)).toEqual(['COMPLETED', 'SUPERSEDED', 'COMPLETED']);
  });

  it('accepts the outcome of superseded work that was done in time, without turning the state', async () => {
    const id = await life.running();
    await life.ask('Restart', id);
    const restarting = await life.mustLease();
    await life.ask('Stop', id);
    expect(await life.complete(restarting)).toEqual([]);
    expect(await life.see(id)).toMatchObject({ state: 'RUNNING', generation: 3, observedGeneration: 2 });
    expect(await life.complete(await life.mustLease())).toEqual([]);
    expect(await life.see(id)).toMatchObject({ state: 'STOPPED', generation: 3, observedGeneration: 3 });
  });

  it('starts a stopped or a failed one, on an active allocation only', async () => {
    const allocationId = fixture.platform.addAllocation(fixture.projectId);
    const id = await life.launch({ allocationId });
    await life.fail(await life.mustLease(), 'PERMANENT');
    fixture.platform.endAllocation(allocationId, 'releasing');
    expect(await life.ask('Start', id)).toEqual(['INVALID_STATE']);
    fixture.platform.endAllocation(allocationId, 'active');
    expect(await life.ask('Start', id)).toEqual([]);
    const held = await life.mustLease('PROVISION');
    expect(held.observesFirst).toBe(true);
    expect(await life.complete(held)).toEqual([]);
    expect((await life.see(id)).state).toBe('RUNNING');
  });

  it('is hidden from strangers', async () => {
    const id = await life.running();
    const seen = await fixture.run(`{ appInstance(id: "${id}") { id } }`, {}, fixture.stranger);
    expect(seen.data.appInstance).toBeNull();
    const asked = await fixture.run(
      `mutation { appInstanceDecommission(input: { id: "${id}" }) { userErrors { code } } }`,
      {},
      fixture.stranger,
    );
    expect(asked.errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
    expect((await life.see(id)).state).toBe('RUNNING');
  });
});

describe('an instance', () => {
  it('is degraded when not every endpoint answers, and recovers', async () => {
    const id = await life.launch();
    await life.complete(await life.mustLease(), { endpoints: [] });
    expect(await life.see(id)).toMatchObject({
      state: 'DEGRADED',
      conditions: { DEGRADED: 'TRUE NotReady', READY: 'FALSE Degraded' },
    });
    expect(await life.ask('Reconcile', id)).toEqual([]);
    await life.complete(await life.mustLease());
    expect(await life.see(id)).toMatchObject({ state: 'RUNNING', conditions: { DEGRADED: 'FALSE Sound' } });
    expect(await life.ask('Reconcile', id)).toEqual([]);
    await life.complete(await life.mustLease(), { health: 'UNHEALTHY' });
    expect((await life.see(id)).state).toBe('DEGRADED');
  });

  it('is upgraded to other values or another version, and is degraded when that fails', async () => {
    const id = await life.running();
    const [version] = await fixture.sql(`select id from apps.versions where number = '4.4.0'`);
    const versionId = String(version?.['id']);
    const hash = async (): Promise<unknown> =>
      (await fixture.sql('select plan_hash from apps.instances where id = $1', [id]))[0]?.['plan_hash'];
    const before = await hash();
    expect(await life.ask('Upgrade', id, { versionId, parameters: { theme: 'pink' } })).toEqual(['INVALID_INPUT']);
    expect(await life.ask('Upgrade', id, { versionId, parameters: { theme: 'dark' } })).toEqual([]);
    expect(await life.see(id)).toMatchObject({
      state: 'UPGRADING',
      generation: 2,
      observedGeneration: 1,
      endpoints: [{ isReady: true }],
    });
    expect(await hash()).not.toBe(before);
    expect(await life.complete(await life.mustLease('UPDATE'))).toEqual([]);
    expect(await life.see(id)).toMatchObject({ state: 'RUNNING', observedGeneration: 2 });
    await life.ask('Upgrade', id, { versionId, parameters: { theme: 'light' } });
    await life.fail(await life.mustLease('UPDATE'), 'PERMANENT');
    expect(await life.see(id)).toMatchObject({ state: 'DEGRADED', conditions: { STALLED: 'TRUE AttemptsExhausted' } });
  });

  it('cannot be started on, or moved to, a version that was retired; what runs on it goes on', async () => {
    const id = await life.running();
    const [version] = await fixture.sql(`select id from apps.versions where number = '4.4.0'`);
    await fixture.sql(`update apps.versions set state = 'retired' where number = '4.4.0'`);
    expect(await life.ask('Upgrade', id, { versionId: String(version?.['id']) })).toEqual(['INVALID_STATE']);
    expect((await life.see(id)).state).toBe('RUNNING');
    await fixture.sql(`update apps.versions set state = 'active' where number = '4.4.0'`);
  });

  it('that takes too long to start fails, and an attempt that goes on running cannot turn that', async () => {
    const id = await life.launch();
    const slow = await life.mustLease();
    await life.passDeadline(id);
    expect(await life.see(id)).toMatchObject({
      state: 'FAILED',
      workItems: [{ state: 'DEAD' }],
      conditions: { STALLED: 'TRUE DeadlineExceeded' },
    });
    expect(await life.heartbeat(slow)).toBe('LOST');
    expect(await life.complete(slow)).toEqual(['STALE_FENCE']);
    expect((await life.see(id)).state).toBe('FAILED');
  });

  it('that no worker ever took fails at its deadline, and an upgrade that takes too long degrades it', async () => {
    const waiting = await life.launch();
    await life.passDeadline(waiting);
    expect((await life.see(waiting)).state).toBe('FAILED');
    const id = await life.running();
    const [version] = await fixture.sql(`select id from apps.versions where number = '4.4.0'`);
    await life.ask('Upgrade', id, { versionId: String(version?.['id']), parameters: { theme: 'dark' } });
    await life.passDeadline(id);
    expect(await life.see(id)).toMatchObject({ state: 'DEGRADED', endpoints: [{ isReady: true }] });
  });
});

describe('run time', () => {
  const used = (id: string): { baseQuantity: bigint; unit: string; windowStart: Date; windowEnd: Date }[] =>
    fixture.platform.used.filter((event) => event.appInstanceId === id);
  const age = (id: string, seconds: number): Promise<unknown> =>
    fixture.sql('update apps.instances set metered_until = metered_until - make_interval(secs => $2) where id = $1', [
      id,
      seconds,
    ]);

  it('is recorded in windows while it runs, and up to the accepted stop, once', async () => {
    const id = await life.running();
    await fixture.runJob('apps.instance.meter');
    expect(used(id)).toEqual([]);
    await age(id, 130);
    await fixture.runJob('apps.instance.meter');
    await fixture.runJob('apps.instance.meter');
    expect(used(id)).toHaveLength(1);
    expect(used(id)[0]).toMatchObject({
      unit: 'app_runtime_hour',
      source: 'app_runtime',
      productId: 'apps',
      resourceType: 'AppInstance',
    });
    expect(Number(used(id)[0]?.baseQuantity)).toBeGreaterThanOrEqual(130);
    await age(id, 10);
    await life.ask('Stop', id);
    expect(used(id)).toHaveLength(2);
    await fixture.runJob('apps.instance.meter');
    expect(used(id)).toHaveLength(2);
    expect(used(id)[1]?.windowStart).not.toBeUndefined();
    await life.complete(await life.mustLease());
    expect(used(id)).toHaveLength(2);
  });

  it('goes on while its worker is silent, and ends with the accepted removal', async () => {
    const id = await life.running();
    await age(id, 61);
    await fixture.runJob('apps.instance.meter');
    expect(used(id)).toHaveLength(1);
    await age(id, 5);
    await life.ask('Decommission', id);
    expect(used(id)).toHaveLength(2);
    const total = used(id).reduce((sum, event) => sum + event.baseQuantity, 0n);
    expect(Number(total)).toBeGreaterThanOrEqual(66);
    expect((await fixture.sql('select metered_until from apps.instances where id = $1', [id]))[0]).toEqual({
      metered_until: null,
    });
  });
});
