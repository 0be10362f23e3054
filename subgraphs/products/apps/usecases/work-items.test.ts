import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { AppLife } from '../testing/app-life.js';
import { type AppsFixture, WORKER_PERMISSIONS, startApps } from '../testing/apps-fixture.js';

let fixture: AppsFixture;
let life: AppLife;
beforeAll(async () => {
  fixture = await startApps();
  life = new AppLife(fixture);
});
// What a test leaves open must not be leased by the next.
afterEach(() =>
  fixture.sql(
    `update apps.work_items set state = 'cancelled' where state in ('queued', 'leased'); update apps.instances set leased_item_id = null`,
  ),
);
afterAll(() => fixture.close());

describe('a lease', () => {
  it('is given to one of eight workers that ask at once, for each of many items', async () => {
    const ids = new Set<string>();
    for (let index = 0; index < 24; index += 1) ids.add(await life.launch());
    const taken: string[] = [];
    const workers = Array.from({ length: 8 }, async () => {
      for (let misses = 0; misses < 3;) {
        const held = await life.lease();
        if (held === null) misses += 1;
        else taken.push(held.workItemId);
      }
    });
    await Promise.all(workers);
    expect(taken).toHaveLength(24);
    expect(new Set(taken).size).toBe(24);
    const doubles = await fixture.sql(
      `select instance_id from apps.work_items where state = 'leased' group by instance_id having count(*) > 1`,
    );
    expect(doubles).toEqual([]);
    const fences = await fixture.sql('select distinct fence from apps.instances where id = any ($1)', [[...ids]]);
    expect(fences).toEqual([{ fence: 1 }]);
  });

  it('on one instance is held by one worker, however many ask, and the next has a higher fence', async () => {
    await life.launch();
    const held = (await Promise.all(Array.from({ length: 8 }, () => life.lease()))).filter((lease) => lease !== null);
    expect(held).toHaveLength(1);
    expect(await life.lease()).toBeNull();
    await life.lapse();
    const next = await life.mustLease();
    expect(next.workItemId).toBe(held[0]?.workItemId);
    expect(next.claim.fence).toBe((held[0]?.claim.fence ?? 0) + 1);
    expect(next).toMatchObject({ observesFirst: true, attempt: 2 });
  });

  it('is renewed by heartbeats and lost without them, by the clock of the database', async () => {
    await life.launch();
    const held = await life.mustLease();
    await fixture.sql(`update apps.work_items set lease_expires_at = now() + interval '2 seconds' where id = $1`, [
      held.workItemId,
    ]);
    expect(await life.heartbeat(held)).toBe('OK');
    const [row] = await fixture.sql(
      "select lease_expires_at > now() + interval '25 seconds' as renewed from apps.work_items where id = $1",
      [held.workItemId],
    );
    expect(row).toEqual({ renewed: true });
    await life.expireLeases();
    expect(await life.heartbeat(held)).toBe('LOST');
    expect(await life.complete(held)).toEqual(['STALE_FENCE']);
  });

  it('belongs to who took it: another service account cannot write under it', async () => {
    await life.launch();
    const held = await life.mustLease();
    const other = { ...fixture.worker, id: newId('sva') };
    for (const permission of WORKER_PERMISSIONS) fixture.authority.grant(other.id, permission, fixture.projectId);
    expect(await life.heartbeat(held, other)).toBe('LOST');
    expect(await life.write('Complete', held, {}, other)).toEqual(['STALE_FENCE']);
    expect(await life.write('Complete', { ...held, claim: { ...held.claim, leaseId: 'guessed' } })).toEqual([
      'STALE_FENCE',
    ]);
    expect(await life.write('Complete', { ...held, claim: { ...held.claim, fence: 99 } })).toEqual(['STALE_FENCE']);
    expect(await life.complete(held)).toEqual([]);
  });

  it('is for the workers of its project only', async () => {
    await life.launch();
    const held = await life.mustLease();
    const outsider = { ...fixture.worker, id: newId('sva') };
    const source = 'mutation ($input: AppWorkItemHeartbeatInput!) { appWorkItemHeartbeat(input: $input) { answer } }';
    expect((await fixture.run(source, { input: held.claim }, outsider)).errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await fixture.run(source, { input: held.claim }, fixture.stranger)).errors?.[0]?.extensions).toMatchObject({
      code: 'NOT_FOUND',
    });
    const poll = `mutation { appWorkItemLease(input: { projectId: "${fixture.projectId}", appSlugs: ["jupyterlab"] }) { lease { leaseId } } }`;
    expect((await fixture.run(poll, {}, fixture.stranger)).errors?.[0]?.extensions).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await fixture.run(poll, {}, outsider)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('is waited for: a long poll takes work that comes later, and leaves no audit record while idle', async () => {
    const records = fixture.authority.records.length;
    const input = { projectId: fixture.projectId, appSlugs: ['jupyterlab'], waitMs: 10_000 };
    const waiting = fixture.mutate('appWorkItemLease', 'lease { workItem { instance { id } } }', input, fixture.worker);
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect(fixture.authority.records.length).toBe(records);
    const id = await life.launch();
    const startedAt = performance.now();
    expect((await waiting).lease).toEqual({ workItem: { instance: { id } } });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    const tooLong = await fixture.run(
      `mutation { appWorkItemLease(input: { projectId: "${fixture.projectId}", appSlugs: ["x"], waitMs: 20001 }) { lease { leaseId } } }`,
      {},
      fixture.worker,
    );
    expect(tooLong.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('a late write', () => {
  it('is kept as evidence and never applied: a timed-out attempt that goes on running changes nothing', async () => {
    const id = await life.launch();
    const paused = await life.mustLease();
    await life.lapse();
    const second = await life.mustLease();
    expect(
      await life.complete(second, { endpoints: [{ name: 'web', url: 'http://second/lab', isReady: true }] }),
    ).toEqual([]);
    expect(await life.heartbeat(paused)).toBe('LOST');
    expect(
      await life.write('Report', paused, {
        endpoints: [{ name: 'web', url: 'http://first/lab', isReady: false }],
        health: 'UNHEALTHY',
      }),
    ).toEqual(['STALE_FENCE']);
    expect(
      await life.complete(paused, { endpoints: [{ name: 'web', url: 'http://first/lab', isReady: true }] }),
    ).toEqual(['STALE_FENCE']);
    expect(await life.fail(paused, 'PERMANENT')).toEqual(['STALE_FENCE']);
    expect(await life.write('Release', paused)).toEqual(['STALE_FENCE']);
    const seen = await life.see(id);
    expect(seen).toMatchObject({ state: 'RUNNING', endpoints: [{ url: 'http://second/lab', isReady: true }] });
    expect(
      seen.lateReports.map(({ verb, code, fence, currentFence }) => `${verb} ${code} ${fence}<${currentFence}`),
    ).toEqual([
      'release STALE_FENCE 1<2',
      'fail STALE_FENCE 1<2',
      'complete STALE_FENCE 1<2',
      'report STALE_FENCE 1<2',
    ]);
  });

  it('fills no disk: at most twenty are kept of one work item', async () => {
    await life.launch();
    const held = await life.mustLease();
    await life.expireLeases();
    for (let index = 0; index < 25; index += 1) expect(await life.write('Report', held)).toEqual(['STALE_FENCE']);
    const [row] = await fixture.sql('select count(*)::int as count from apps.late_reports where work_item_id = $1', [
      held.workItemId,
    ]);
    expect(row).toEqual({ count: 20 });
  });

  it('cannot be changed or removed once it is kept, not even by the platform', async () => {
    for (const role of ['cp_app', 'cp_system']) {
      for (const privilege of ['update', 'delete']) {
        expect(
          await fixture.sql(`select has_table_privilege($1, 'apps.late_reports', $2) as held`, [role, privilege]),
        ).toEqual([{ held: false }]);
        expect(
          await fixture.sql(`select has_table_privilege($1, 'apps.leaks', $2) as held`, [role, privilege]),
        ).toEqual([{ held: false }]);
      }
    }
  });
});

it('has one accepted outcome: completing again is answered the same and changes nothing', async () => {
  const id = await life.launch();
  const held = await life.mustLease();
  expect(await life.complete(held)).toEqual([]);
  const row = async (): Promise<unknown> =>
    (
      await fixture.sql(
        'select i.*, w.finished_at, w.state as work_state from apps.instances i join apps.work_items w on w.instance_id = i.id where i.id = $1',
        [id],
      )
    )[0];
  const before = await row();
  expect(await life.complete(held, { endpoints: [{ name: 'web', url: 'http://other/lab', isReady: false }] })).toEqual(
    [],
  );
  expect((await life.see(id)).endpoints).toEqual([{ url: 'http://127.0.0.1:8888/lab', isReady: true }]);
  expect(await row()).toEqual(before);
  expect(await life.fail(held, 'PERMANENT')).toEqual(['STALE_FENCE']);
});

describe('a failed attempt', () => {
  it('is tried again within bounds, then waits for a person, who can try again', async () => {
    const id = await life.launch();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const held = await life.mustLease('PROVISION');
      expect(held).toMatchObject({ attempt, observesFirst: false });
      expect(await life.fail(held, 'RETRYABLE')).toEqual([]);
    }
    expect(await life.lease()).toBeNull();
    const seen = await life.see(id);
    expect(seen).toMatchObject({ state: 'FAILED', workItems: [{ state: 'DEAD', failureClass: 'RETRYABLE' }] });
    expect(seen.conditions).toMatchObject({ STALLED: 'TRUE AttemptsExhausted', PROGRESSING: 'FALSE Stalled' });
    const workItemId = seen.workItems[0]?.id;
    expect(await fixture.mutate('appWorkItemRetry', 'workItem { state attempt }', { id: workItemId })).toMatchObject({
      workItem: { state: 'QUEUED', attempt: 0 },
    });
    expect((await life.see(id)).state).toBe('DEPLOYING');
    expect(await life.complete(await life.mustLease())).toEqual([]);
    expect(await life.see(id)).toMatchObject({ state: 'RUNNING', conditions: { STALLED: 'FALSE Fine' } });
    expect(await fixture.mutate('appWorkItemRetry', 'workItem { state }', { id: workItemId })).toMatchObject({
      userErrors: [{ code: 'INVALID_STATE' }],
    });
  });

  it('that is permanent is not tried again', async () => {
    const id = await life.launch();
    expect(await life.fail(await life.mustLease(), 'PERMANENT', 'the image is not for this machine')).toEqual([]);
    expect(await life.see(id)).toMatchObject({ state: 'FAILED', stateReason: 'the image is not for this machine' });
    expect(await life.lease()).toBeNull();
  });

  it('that needs an operator stalls without failing the instance', async () => {
    const id = await life.launch();
    expect(await life.fail(await life.mustLease(), 'NEEDS_OPERATOR', 'the disk is full')).toEqual([]);
    expect(await life.see(id)).toMatchObject({ state: 'DEPLOYING', conditions: { STALLED: 'TRUE NeedsOperator' } });
  });

  it('that is uncertain looks first and deletes nothing', async () => {
    const id = await life.running();
    expect(await life.ask('Restart', id)).toEqual([]);
    expect(await life.fail(await life.mustLease('ACTION'), 'UNCERTAIN')).toEqual([]);
    const next = await life.mustLease('ACTION');
    expect(next.observesFirst).toBe(true);
    for (let attempt = 2; attempt <= 5; attempt += 1)
      await life.fail(attempt === 2 ? next : await life.mustLease(), 'UNCERTAIN');
    expect(await life.see(id)).toMatchObject({
      state: 'RUNNING',
      endpoints: [{ isReady: true }],
      conditions: { STALLED: 'TRUE AttemptsExhausted' },
    });
  });

  it('waits before the next one', async () => {
    await life.launch();
    const held = await life.mustLease();
    await life.fail(held, 'RETRYABLE');
    await fixture.sql(`update apps.work_items set available_at = now() + interval '1 hour' where id = $1`, [
      held.workItemId,
    ]);
    expect(await life.lease()).toBeNull();
  });

  it('that is given back unharmed is no attempt', async () => {
    await life.launch();
    expect(await life.write('Release', await life.mustLease(), { hasTouched: false })).toEqual([]);
    expect(await life.mustLease()).toMatchObject({ attempt: 1, observesFirst: false });
  });
});

describe('a report', () => {
  it('tells steps, conditions and members, and derives EndpointsReady', async () => {
    const id = await life.launch();
    const held = await life.mustLease();
    const told = {
      steps: [{ name: 'pull image', state: 'SUCCEEDED' }],
      conditions: [{ type: 'DEGRADED', status: 'TRUE', reason: 'SlowDisk', message: 'The disk is slow.' }],
      members: [{ componentKey: 'node-1', status: 'joining' }],
      endpoints: [{ name: 'web', url: 'http://127.0.0.1:1/lab', isReady: true }],
    };
    expect(await life.write('Report', held, told)).toEqual([]);
    expect((await life.see(id)).conditions).toMatchObject({
      DEGRADED: 'TRUE SlowDisk',
      ENDPOINTS_READY: 'TRUE AllReady',
      PROGRESSING: 'TRUE Working',
    });
    const answer = await fixture.run(
      'query ($id: ID!) { appInstance(id: $id) { members { componentKey status } workItems { steps { name state } } } }',
      { id },
    );
    expect(answer.data.appInstance).toEqual({
      members: [{ componentKey: 'node-1', status: 'joining' }],
      workItems: [{ steps: [{ name: 'pull image', state: 'SUCCEEDED' }] }],
    });
  });

  it.each([
    ['an endpoint that the plan does not have', { endpoints: [{ name: 'nothing', isReady: true }] }],
    ['an address with a password in it', { endpoints: [{ name: 'web', url: 'http://u:p@host/', isReady: true }] }],
    ['an address that is none', { endpoints: [{ name: 'web', url: 'javascript:alert(1)', isReady: true }] }],
    [
      'a condition that only the platform knows',
      { conditions: [{ type: 'STALLED', status: 'FALSE', reason: 'Fine' }] },
    ],
    ['a reason that is a sentence', { conditions: [{ type: 'READY', status: 'TRUE', reason: 'all is well' }] }],
    ['too much', { steps: Array.from({ length: 51 }, (_, index) => ({ name: String(index), state: 'RUNNING' })) }],
  ])('of %s is refused', async (_what, told) => {
    await life.launch();
    expect(new Set(await life.write('Report', await life.mustLease(), told))).toEqual(new Set(['INVALID_INPUT']));
  });
});
