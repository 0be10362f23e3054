import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppLife } from '../testing/app-life.js';
import { type AppsFixture, startApps } from '../testing/apps-fixture.js';

// The loudest bugs of peers: cannot be removed, orphans, delete while creating, a dead controller that takes things down.

let fixture: AppsFixture;
let life: AppLife;
beforeAll(async () => {
  fixture = await startApps();
  life = new AppLife(fixture);
});
afterEach(() =>
  fixture.sql(
    `update apps.work_items set state = 'cancelled' where state in ('queued', 'leased'); update apps.instances set leased_item_id = null`,
  ),
);
afterAll(() => fixture.close());

const gone = async (id: string): Promise<void> => {
  expect(await life.see(id)).toMatchObject({ state: 'DECOMMISSIONED', availableActions: [] });
  expect(fixture.platform.held.has(id)).toBe(false);
  expect(await fixture.sql('select finalizers from apps.instances where id = $1', [id])).toEqual([{ finalizers: [] }]);
};

describe('a removal', () => {
  it('of what no worker ever touched needs no worker', async () => {
    const id = await life.launch();
    expect(await life.ask('Decommission', id)).toEqual([]);
    await gone(id);
    expect(await life.lease()).toBeNull();
  });

  it('while it is being created stops the creation first, and never runs beside it', async () => {
    const id = await life.launch();
    const creating = await life.mustLease('PROVISION');
    expect(await life.ask('Decommission', id)).toEqual([]);
    expect(await life.lease()).toBeNull();
    expect(await life.heartbeat(creating)).toBe('CANCEL');
    expect(
      await life.write('Report', creating, {
        endpoints: [{ name: 'web', url: 'http://127.0.0.1:1/lab', isReady: true }],
      }),
    ).toEqual([]);
    expect((await life.see(id)).endpoints).toEqual([{ url: null, isReady: false }]);
    expect(await life.write('Release', creating)).toEqual([]);
    const removing = await life.mustLease('DECOMMISSION');
    expect(removing.observesFirst).toBe(true);
    expect(await life.complete(removing)).toEqual([]);
    await gone(id);
  });

  it('is not held up by a worker that does not listen', async () => {
    const id = await life.launch();
    const deaf = await life.mustLease();
    await life.ask('Decommission', id);
    const until = async (): Promise<unknown> =>
      (await fixture.sql('select lease_expires_at from apps.work_items where id = $1', [deaf.workItemId]))[0];
    const before = await until();
    expect(await life.heartbeat(deaf)).toBe('CANCEL');
    expect(await until()).toEqual(before);
    await life.lapse();
    expect((await life.see(id)).workItems.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'DECOMMISSION QUEUED',
      'PROVISION CANCELLED',
    ]);
    expect(await life.complete(await life.mustLease('DECOMMISSION'))).toEqual([]);
    expect(await life.complete(deaf)).toEqual(['STALE_FENCE']);
    await gone(id);
  });

  it.each(['running', 'stopped', 'failed', 'degraded'])(
    'is accepted for one that is %s, and again while it is under way',
    async (state) => {
      const id = state === 'failed' ? await life.launch() : await life.running();
      if (state === 'failed') await life.fail(await life.mustLease(), 'PERMANENT');
      if (state === 'stopped') await life.ask('Stop', id).then(async () => life.complete(await life.mustLease()));
      if (state === 'degraded')
        await life
          .ask('Reconcile', id)
          .then(async () => life.complete(await life.mustLease(), { health: 'UNHEALTHY' }));
      expect((await life.see(id)).state).toBe(state.toUpperCase());
      expect(await life.ask('Decommission', id)).toEqual([]);
      expect(await life.ask('Decommission', id)).toEqual([]);
      expect(await life.complete(await life.mustLease('DECOMMISSION'))).toEqual([]);
      await gone(id);
      expect(await life.ask('Decommission', id)).toEqual([]);
      await gone(id);
    },
  );

  it('that a worker cannot do fails visibly, can be tried again, and ends', async () => {
    const id = await life.running();
    await life.ask('Decommission', id);
    await life.fail(await life.mustLease('DECOMMISSION'), 'PERMANENT', 'the disk does not answer');
    expect(await life.see(id)).toMatchObject({
      state: 'DECOMMISSION_FAILED',
      availableActions: ['DECOMMISSION'],
      conditions: { STALLED: 'TRUE AttemptsExhausted' },
    });
    expect(fixture.platform.held.has(id)).toBe(true);
    expect(await life.ask('Decommission', id)).toEqual([]);
    expect(await life.complete(await life.mustLease('DECOMMISSION'))).toEqual([]);
    await gone(id);
  });

  it('that nobody confirms in time is reclaimed, and what may be left is a leak record', async () => {
    const id = await life.running();
    await life.ask('Decommission', id);
    const stuck = await life.mustLease('DECOMMISSION');
    await life.passDeadline(id);
    await gone(id);
    expect((await life.see(id)).leaks).toEqual([{ unconfirmed: ['members', 'app'] }]);
    expect(await life.complete(stuck)).toEqual(['STALE_FENCE']);
    await gone(id);
  });

  it('that failed is reclaimed too, and no leak is claimed when the allocation was cleaned', async () => {
    const allocationId = fixture.platform.addAllocation(fixture.projectId);
    const id = await life.running({ allocationId });
    await life.ask('Decommission', id);
    await life.fail(await life.mustLease('DECOMMISSION'), 'PERMANENT');
    fixture.platform.endAllocation(allocationId, 'released');
    await life.passDeadline(id);
    await gone(id);
    expect(await life.see(id)).toMatchObject({ stateReason: 'ALLOCATION_ENDED', leaks: [] });
  });

  it('gives the name back', async () => {
    const id = await life.running({ name: 'same-name' });
    await life.ask('Decommission', id);
    await life.complete(await life.mustLease());
    expect(await life.launch({ name: 'same-name' })).not.toBe(id);
  });
});

describe('when its allocation ends, an instance', () => {
  it.each(['releasing', 'released', 'release_failed'] as const)('is removed: %s', async (state) => {
    const allocationId = fixture.platform.addAllocation(fixture.projectId);
    const id = await life.running({ allocationId });
    const [consumer] = fixture.apps.subgraph.consumers;
    if (consumer === undefined) throw new Error('apps follows allocations');
    const entry = {
      position: 1n,
      event: { subject: allocationId, type: 'allocations.allocation.state_changed' },
    } as never;
    await fixture.test.kernel.database.transaction('system', (tx) => consumer.handle(tx, entry));
    expect((await life.see(id)).state).toBe('RUNNING');
    fixture.platform.endAllocation(allocationId, state);
    await fixture.test.kernel.database.transaction('system', (tx) => consumer.handle(tx, entry));
    expect(await life.see(id)).toMatchObject({ state: 'DECOMMISSIONING', stateReason: `Its allocation is ${state}.` });
    await life.complete(await life.mustLease('DECOMMISSION'));
    await gone(id);
  });

  it('is found by the backstop when the event came too early', async () => {
    const allocationId = fixture.platform.addAllocation(fixture.projectId);
    const [id, healthy] = [await life.running({ allocationId }), await life.running()];
    fixture.platform.endAllocation(allocationId, 'releasing');
    await fixture.runJob('apps.instance.follow_allocation');
    expect((await life.see(id)).state).toBe('DECOMMISSIONING');
    expect((await life.see(healthy)).state).toBe('RUNNING');
  });
});

describe('a worker that falls silent', () => {
  const silence = (): Promise<unknown> =>
    fixture.sql(`update apps.queues set polled_at = now() - interval '50 seconds'`);

  it('takes nothing down: what runs keeps running, and the instance says that nobody asks for its work', async () => {
    const id = await life.running();
    await life.ask('Restart', id);
    await life.mustLease();
    await life.lapse();
    await silence();
    await fixture.sql(`update apps.instances set created_at = now() - interval '50 seconds' where id = $1`, [id]);
    await fixture.runJob('apps.instance.observe_controller');
    expect(await life.see(id)).toMatchObject({
      state: 'RUNNING',
      endpoints: [{ isReady: true }],
      conditions: { CONTROLLER_REACHABLE: 'UNKNOWN NoWorker', READY: 'TRUE Running' },
    });
    expect(await life.lease()).not.toBeNull();
    await fixture.runJob('apps.instance.observe_controller');
    expect((await life.see(id)).conditions).toMatchObject({ CONTROLLER_REACHABLE: 'TRUE Polling' });
  });

  it('or that never came is told of within 60 seconds', async () => {
    await silence();
    const id = await life.launch();
    expect((await life.see(id)).conditions).toMatchObject({ CONTROLLER_REACHABLE: 'UNKNOWN NotSeenYet' });
    await fixture.sql(`update apps.instances set created_at = now() - interval '46 seconds' where id = $1`, [id]);
    await fixture.runJob('apps.instance.observe_controller');
    expect((await life.see(id)).conditions).toMatchObject({ CONTROLLER_REACHABLE: 'UNKNOWN NoWorker' });
  });
});

it('reports its own health, and that work is stalled', async () => {
  await fixture.sql(`update apps.conditions set status = 'False' where type = 'Stalled'`);
  await fixture.runJob('apps.status.report');
  expect(Object.fromEntries(fixture.platform.health)).toEqual({ apps_control_plane: 'ready', apps_workers: 'ready' });
  const id = await life.launch();
  await life.fail(await life.mustLease(), 'PERMANENT');
  expect((await life.see(id)).state).toBe('FAILED');
  await fixture.runJob('apps.status.report');
  expect(fixture.platform.health.get('apps_workers')).toBe('degraded');
});
