import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemActor } from '../../../kernel/access/actor.js';
import { emitEvent } from '../../../kernel/events/event-type.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../kernel/testing/test-kernel.js';
import { reconcileAllocations } from './jobs/reconcile-allocations.js';
import { releaseDepleted } from './jobs/release-depleted.js';
import {
  type AllocationWorld,
  RELEASE,
  createAllocation,
  createAllocationWorld,
  stateOf,
} from './testing/allocation-world.js';
import { answerNewest, answerTask, tasksOf } from './testing/node-stand-in.js';
import { createAdvanceAllocation } from './usecases/advance-allocation.js';
import { createMeterAllocation } from './usecases/meter-allocation.js';

let world: AllocationWorld;
// Enough that what one test leaves behind does not crowd out the next.
const nodes = Array.from({ length: 8 }, (_, at) => ({
  name: `slice-${at}`,
  region: 'eu-north-1',
  sku: 'h200-sxm-slice',
  gpuCount: 8,
  numaNodes: 2,
}));

beforeAll(async () => {
  world = await createAllocationWorld({ nodes, runsJobs: false, timing: { cleanupAttemptsMax: 2 } });
});
afterAll(() => world.close());
beforeEach(() => world.activateNodes());

async function created(input: Record<string, unknown> = {}): Promise<string> {
  const { allocation, userErrors } = await createAllocation(world, input);
  expect(userErrors).toEqual([]);
  return allocation?.id ?? '';
}

async function active(): Promise<string> {
  const id = await created();
  await answerNewest(world, id);
  expect(await stateOf(world, id)).toBe('active');
  return id;
}

const sql = (text: string, values: unknown[] = []) =>
  world.test.kernel.database.transaction('system', (tx) => tx.rows<Record<string, never>>(text, values));
const passDeadlines = (id: string) =>
  sql(
    `update allocations.allocations set state_deadline_at = now() - interval '1 second', next_placement_at = now(),
    cleanup_deadline_at = case when cleanup_deadline_at is null then null else now() - interval '1 second' end where id = $1`,
    [id],
  );
const reconcile = () =>
  reconcileAllocations(world.services, createAdvanceAllocation(world.services)).run(new AbortController().signal);
const slots = async (id: string): Promise<unknown[]> =>
  (
    await sql(
      `select s.status from allocations.slots s join allocations.resource_claims c on c.slot_id = s.id where c.allocation_id = $1 and c.released_at is null`,
      [id],
    )
  ).map((row) => row['status']);
const mutate = async (name: string, input: Record<string, unknown>, actor = world.member) =>
  (
    await world.ask(
      `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { allocation { state availableActions } userErrors { code details } } }`,
      { input },
      actor,
    )
  )[name] as {
    allocation: { state: string } | null;
    userErrors: { code: string }[];
  };

describe('the life of an allocation', () => {
  it('goes from provisioning to active, and its slots are in use', async () => {
    const id = await active();
    expect(await slots(id)).toEqual(['in_use', 'in_use']);
    expect(world.platform.quota.get(`${id} gpus`)).toMatchObject({ status: 'committed' });
  });

  it('fails when the node cannot bring it up; money goes back, capacity and quota only after the cleanup', async () => {
    const id = await created();
    await answerNewest(world, id, 'failed');
    expect(await stateOf(world, id)).toBe('failed');
    expect(world.platform.voided).toContain(id);
    expect(await slots(id)).toEqual(['cleaning', 'cleaning']);
    expect(world.platform.quota.has(`${id} gpus`)).toBe(true);
    await answerNewest(world, id);
    expect(await slots(id)).toEqual([]);
    expect(world.platform.quota.has(`${id} gpus`)).toBe(false);
    expect(world.platform.usage.size).toBe(0);
  });

  it('fails when the node does not answer in time, and the late answer is kept as evidence, not applied', async () => {
    const id = await created();
    const [provision] = await tasksOf(world, id);
    await passDeadlines(id);
    await reconcile();
    expect(await stateOf(world, id)).toBe('failed');
    const late = await answerTask(world, provision!);
    expect(late).toMatchObject({ ok: true, value: { isApplied: false, reason: 'STALE_FENCE' } });
    expect(await stateOf(world, id)).toBe('failed');
    expect((await tasksOf(world, id))[0]?.lateResult).toMatchObject({ reason: 'STALE_FENCE', status: 'completed' });
  });

  it('fails when its quota hold has ended before the node answers', async () => {
    const id = await created();
    world.platform.quotaCommitFails = true;
    await answerNewest(world, id);
    world.platform.quotaCommitFails = false;
    expect(await stateOf(world, id)).toBe('failed');
  });

  it('releases: usage is closed up to the accepted release, and the capacity returns only with the proof', async () => {
    const id = await active();
    await sql(
      `update allocations.allocations set active_at = active_at - interval '90500 milliseconds', usage_through = usage_through - interval '90500 milliseconds' where id = $1`,
      [id],
    );
    expect((await mutate('allocationRelease', { id })).allocation?.state).toBe('RELEASING');
    const mine = [...world.platform.usage.values()].filter((event) => event.allocationId === id);
    expect(mine.map((event) => event.baseQuantity)).toEqual([120n, 60n]);
    expect(mine.map((event) => event.holdReference)).toEqual([id, undefined]);
    expect(await slots(id)).toEqual(['cleaning', 'cleaning']);
    await answerNewest(world, id);
    expect(await stateOf(world, id)).toBe('released');
    expect(await slots(id)).toEqual([]);
  });

  it('charges nothing when it is released within its first second', async () => {
    const id = await active();
    await mutate('allocationRelease', { id });
    expect([...world.platform.usage.values()].filter((event) => event.allocationId === id)).toEqual([]);
    expect(world.platform.voided).toContain(id);
  });

  it('records each passed window once, however often the meter runs', async () => {
    const id = await active();
    await sql(
      `update allocations.allocations set active_at = active_at - interval '130 seconds', usage_through = usage_through - interval '130 seconds' where id = $1`,
      [id],
    );
    const meter = createMeterAllocation(world.services);
    const invocation = { actor: systemActor('test'), correlationId: newId('cor') };
    const runs = await Promise.all([1, 2, 3].map(() => world.services.pipeline.execute(meter, { id }, invocation)));
    expect(
      runs.map((run) => run.ok && run.value.windows).toSorted((left, right) => Number(left) - Number(right)),
    ).toEqual([0, 0, 2]);
    expect([...world.platform.usage.values()].filter((event) => event.allocationId === id)).toHaveLength(2);
  });

  it('follows a release that was asked for while provisioning as soon as the node answers, and charges nothing', async () => {
    const id = await created();
    expect(await world.ask(RELEASE, { input: { id } })).toMatchObject({
      allocationRelease: { allocation: { state: 'PROVISIONING', isReleaseRequested: true, availableActions: [] } },
    });
    expect((await mutate('allocationRelease', { id })).userErrors[0]?.code).toBe('INVALID_STATE');
    await answerNewest(world, id);
    expect(await stateOf(world, id)).toBe('releasing');
    expect([...world.platform.usage.values()].filter((event) => event.allocationId === id)).toEqual([]);
  });

  it('blocks the slots after the last failed cleanup, gives the quota back, and lets the owner try again', async () => {
    const id = await active();
    await mutate('allocationRelease', { id });
    await answerNewest(world, id, 'failed');
    expect(await stateOf(world, id)).toBe('releasing');
    await answerNewest(world, id, { result: { runtimeAbsent: false } });
    expect(await stateOf(world, id)).toBe('release_failed');
    expect(await slots(id)).toEqual(['cleanup_blocked', 'cleanup_blocked']);
    expect(world.platform.quota.has(`${id} gpus`)).toBe(false);
    expect((await mutate('allocationRelease', { id })).userErrors[0]?.code).toBe('INVALID_STATE');
    expect((await mutate('allocationReleaseRetry', { id })).allocation?.state).toBe('RELEASING');
    expect((await mutate('allocationReleaseRetry', { id })).userErrors[0]?.code).toBe('INVALID_STATE');
    await answerNewest(world, id);
    expect(await stateOf(world, id)).toBe('released');
  });

  it('counts a cleanup that ran out of time as a failed attempt', async () => {
    const id = await active();
    await mutate('allocationRelease', { id });
    for (const state of ['releasing', 'release_failed']) {
      await passDeadlines(id);
      await reconcile();
      expect(await stateOf(world, id)).toBe(state);
    }
  });

  it('lets an operator settle a stuck cleanup by their word: false keeps the slots blocked, true frees them', async () => {
    const id = await active();
    await mutate('allocationRelease', { id });
    const cleanup = (await tasksOf(world, id)).at(-1);
    const force = (isRuntimeVerifiedAbsent: boolean, actor = world.operator) =>
      mutate('allocationForceCleanup', { id, isRuntimeVerifiedAbsent, reason: 'looked at the machine' }, actor);
    expect((await force(false)).allocation?.state).toBe('RELEASE_FAILED');
    expect(await slots(id)).toEqual(['cleanup_blocked', 'cleanup_blocked']);
    expect(await answerTask(world, cleanup!)).toMatchObject({ value: { isApplied: false, reason: 'STALE_FENCE' } });
    expect((await force(true)).allocation?.state).toBe('RELEASED');
    expect(await slots(id)).toEqual([]);
    expect((await force(true)).userErrors[0]?.code).toBe('INVALID_STATE');
    const stuck = await created();
    expect(
      (
        await mutate(
          'allocationForceCleanup',
          { id: stuck, isRuntimeVerifiedAbsent: true, reason: 'node is gone' },
          world.operator,
        )
      ).allocation?.state,
    ).toBe('FAILED');
    expect(await slots(stuck)).toEqual([]);
  });

  it('lets an operator force a release, with the reason on record', async () => {
    const id = await active();
    expect((await mutate('allocationForceRelease', { id, reason: 'abuse' }, world.operator)).allocation?.state).toBe(
      'RELEASING',
    );
    expect(world.authority.records.at(-1)).toMatchObject({
      action: 'allocations.allocation.force_release',
      targetId: id,
      metadata: { reason: 'abuse' },
    });
    expect((await mutate('allocationForceRelease', { id, reason: 'again' }, world.operator)).userErrors[0]?.code).toBe(
      'INVALID_STATE',
    );
  });

  it('releases everything of an organization whose balance is depleted, and nothing of others', async () => {
    const [mine, waiting] = [await active(), await created()];
    const other = world.platform.project();
    const neighbour = testHuman([other.organizationId]);
    world.authority.grant(neighbour.id, '*', other.projectId);
    const theirs = (await createAllocation(world, { projectId: other.projectId }, neighbour)).allocation?.id ?? '';
    await world.test.kernel.database.transaction('system', async (tx) => {
      const scope = {
        level: 'organization' as const,
        id: world.project.organizationId,
        organizationId: world.project.organizationId,
      };
      const { forceReleaseRequested } = await import('./domain/allocation-events.js');
      const origin = { correlationId: newId('cor'), actorId: 'system', now: new Date() };
      const event = emitEvent(
        tx,
        forceReleaseRequested,
        { subjectId: 'bac', scope, data: { reason: 'stands for billing.balance.depleted' } },
        origin,
      );
      await releaseDepleted.handle(tx, { position: 1n, event });
    });
    await reconcile();
    expect(await stateOf(world, mine)).toBe('releasing');
    expect(await stateOf(world, waiting)).toBe('provisioning');
    await answerNewest(world, waiting);
    expect(await stateOf(world, waiting)).toBe('releasing');
    expect(await stateOf(world, theirs)).toBe('provisioning');
  });

  it('waits for capacity when asked to, says why, is placed when some comes free, and gives up in time', async () => {
    await sql(`update allocations.nodes set scheduling = 'CORDONED'`);
    const { allocation } = await createAllocation(world, { waitForCapacity: true });
    const id = allocation?.id ?? '';
    expect(allocation).toMatchObject({
      state: 'REQUESTED',
      whyPending: { reason: 'CAPACITY' },
      availableActions: ['RELEASE'],
    });
    await sql('update allocations.allocations set next_placement_at = now() where id = $1', [id]);
    await reconcile();
    expect(await stateOf(world, id)).toBe('requested');
    const late = (await createAllocation(world, { waitForCapacity: true })).allocation?.id ?? '';
    await passDeadlines(late);
    await reconcile();
    expect(await stateOf(world, late)).toBe('failed');
    const cancelled = (await createAllocation(world, { waitForCapacity: true })).allocation?.id ?? '';
    await mutate('allocationRelease', { id: cancelled });
    expect(await stateOf(world, cancelled)).toBe('failed');
    expect(world.platform.quota.has(`${cancelled} gpus`)).toBe(false);
    await sql(`update allocations.nodes set scheduling = 'ELIGIBLE'`);
    await sql('update allocations.allocations set next_placement_at = now() where id = $1', [id]);
    await reconcile();
    expect(await stateOf(world, id)).toBe('provisioning');
    await answerNewest(world, id);
    expect(await stateOf(world, id)).toBe('active');
  });

  it('answers a replay of the same key with the same allocation, and refuses the key with another request', async () => {
    const key = newId('key');
    const id = await created({ idempotencyKey: key });
    expect(await created({ idempotencyKey: key })).toBe(id);
    expect((await createAllocation(world, { idempotencyKey: key, gpuCount: 1 })).userErrors[0]?.code).toBe(
      'IDEMPOTENCY_CONFLICT',
    );
  });

  it('hides an allocation from other organizations and refuses their changes as not found', async () => {
    const id = await created({ gpuCount: 1 });
    const stranger = testHuman([newId('org')]);
    expect(
      await world.ask('query ($id: ID!) { allocation(id: $id) { id } allocations { nodes { id } } }', { id }, stranger),
    ).toEqual({ allocation: null, allocations: { nodes: [] } });
    expect(await world.answer(RELEASE, { input: { id } }, stranger)).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    expect((await mutate('allocationRelease', { id: 'alc_unknown' })).userErrors[0]?.code).toBe('NOT_FOUND');
  });
});
