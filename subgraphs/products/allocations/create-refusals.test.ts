import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../kernel/testing/test-kernel.js';
import { type AllocationWorld, CREATE, createAllocation, createAllocationWorld } from './testing/allocation-world.js';

let world: AllocationWorld;

beforeAll(async () => {
  world = await createAllocationWorld({ runsJobs: false });
  await world.activateNodes();
});
afterAll(() => world.close());

/** Nothing of a refused request may stay: no row, no claim, no task, no hold. */
async function traces(): Promise<unknown> {
  const row = await world.test.kernel.database.read('system', (tx) =>
    tx.row(`select (select count(*)::int from allocations.allocations) as allocations, (select count(*)::int from allocations.resource_claims) as claims,
      (select count(*)::int from allocations.node_tasks) as tasks, (select sum(free_units)::int from allocations.nodes) as free`),
  );
  return { ...row, quota: world.platform.quota.size, money: world.platform.moneyHolds.size };
}
const NOTHING = { allocations: 0, claims: 0, tasks: 0, free: 16, quota: 0, money: 0 };

async function expectNoTrace(): Promise<void> {
  expect(await traces()).toEqual(NOTHING);
}

afterEach(async () => {
  Object.assign(world.platform, { isDenied: false, maxConcurrentPerUser: 1_000_000 });
  world.platform.quotaLimits.clear();
  world.platform.balances.clear();
  await expectNoTrace();
});

describe('a request for an allocation is refused without a trace', () => {
  it.each([
    ['an unknown SKU', { sku: 'unknown' }, 'NOT_FOUND', 'sku'],
    ['an unknown region', { region: 'nowhere' }, 'NOT_FOUND', 'region'],
    ['a number of GPUs that the SKU does not come with', { gpuCount: 3 }, 'INVALID_INPUT', 'gpuCount'],
    ['an image that the SKU is not offered with', { image: 'windows-95' }, 'INVALID_INPUT', 'image'],
    ['an SSH key that does not exist', { sshKeyIds: ['ssh_unknown'] }, 'NOT_FOUND', 'sshKeyIds'],
    ['a negative number of GPUs', { gpuCount: -1 }, 'INVALID_INPUT', 'gpuCount'],
    ['a wait of a week', { waitForCapacity: true, waitSeconds: 604_800 }, 'INVALID_INPUT', 'waitSeconds'],
  ])('for %s', async (_what, input, code, field) => {
    const { allocation, userErrors } = await createAllocation(world, input);
    expect(allocation).toBeNull();
    expect(userErrors[0]).toMatchObject({ code, field: expect.arrayContaining(['input', field]) });
  });

  it('for a SKU that is not offered any more', async () => {
    const setOffer = async (isActive: boolean): Promise<void> => {
      const { skus } = (await world.ask('{ skus(first: 100) { nodes { id name } } }')) as {
        skus: { nodes: { id: string; name: string }[] };
      };
      const id = skus.nodes.find((sku) => sku.name === 'h200-sxm-slice')?.id;
      await world.ask(
        'mutation ($input: SkuOfferInput!) { skuOfferSet(input: $input) { sku { isActive } } }',
        { input: { id, isActive } },
        world.operator,
      );
    };
    await setOffer(false);
    expect((await createAllocation(world)).userErrors[0]).toMatchObject({
      code: 'INVALID_STATE',
      field: ['input', 'sku'],
    });
    await setOffer(true);
  });

  it('for a SKU without a price', async () => {
    const { userErrors } = await createAllocation(world, { sku: 'mi210x', gpuCount: 4 });
    expect(userErrors[0]?.code).toBe('PRICE_UNKNOWN');
  });

  it('beyond the quota', async () => {
    world.platform.quotaLimits.set('gpus', 1n);
    expect((await createAllocation(world)).userErrors[0]).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      details: { dimension: 'gpus' },
    });
    world.platform.quotaLimits.clear();
    world.platform.quotaLimits.set('allocations', 0n);
    expect((await createAllocation(world)).userErrors[0]).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      details: { dimension: 'allocations' },
    });
  });

  it('beyond the balance', async () => {
    world.platform.balances.set(world.project.organizationId, 1n);
    expect((await createAllocation(world)).userErrors[0]?.code).toBe('INSUFFICIENT_BALANCE');
  });

  it('where a policy forbids it, or allows no more', async () => {
    world.platform.isDenied = true;
    expect((await createAllocation(world)).userErrors[0]?.code).toBe('POLICY_DENIED');
    Object.assign(world.platform, { isDenied: false, maxConcurrentPerUser: 0 });
    expect((await createAllocation(world)).userErrors[0]).toMatchObject({
      code: 'LIMIT_REACHED',
      details: { limit: 0 },
    });
  });

  it('in a project that is archived', async () => {
    const archived = { ...world.platform.project(world.project.organizationId), isActive: false };
    world.platform.projects.set(archived.projectId, archived);
    world.authority.grant(world.member.id, '*', archived.projectId);
    expect((await createAllocation(world, { projectId: archived.projectId })).userErrors[0]?.code).toBe(
      'INVALID_STATE',
    );
  });

  it('with an SSH key of somebody who has no access to the project; one of a colleague is accepted in the check', async () => {
    const outsider = testHuman([world.project.organizationId]);
    const other = world.platform.project(world.project.organizationId);
    world.authority.grant(outsider.id, '*', other.projectId);
    const key = {
      id: newId('ssh'),
      ownerId: outsider.id,
      organizationId: null,
      publicKey: 'ssh-ed25519 AAAA outsider',
    };
    world.platform.sshKeys.set(key.id, key);
    expect((await createAllocation(world, { sshKeyIds: [key.id] })).userErrors[0]).toMatchObject({
      code: 'NOT_FOUND',
      field: ['input', 'sshKeyIds', '0'],
    });
    world.authority.grant(outsider.id, 'allocations.allocation.read', world.project.projectId);
    world.platform.quotaLimits.set('gpus', 0n);
    expect((await createAllocation(world, { sshKeyIds: [key.id] })).userErrors[0]?.code).toBe('QUOTA_EXCEEDED');
  });

  it('when no single node fits, although enough is free in all, and tells that apart from an empty region', async () => {
    await world.test.kernel.database.transaction('system', (tx) =>
      tx.execute(`update allocations.nodes set free_units = 6`),
    );
    const split = await createAllocation(world, { gpuCount: 8 });
    expect(split.userErrors[0]).toMatchObject({
      code: 'CAPACITY_UNAVAILABLE',
      details: { whyPending: { reason: 'CAPACITY', causes: [{ reason: 'NO_SINGLE_NODE_FITS', units: 12 }] } },
    });
    await world.test.kernel.database.transaction('system', (tx) =>
      tx.execute(`update allocations.nodes set free_units = 8`),
    );
    const elsewhere = await createAllocation(world, { region: 'us-west-1' });
    expect(elsewhere.userErrors[0]).toMatchObject({
      code: 'CAPACITY_UNAVAILABLE',
      details: { whyPending: { causes: [{ reason: 'NO_REGIONAL_CAPACITY', nodes: 0 }] } },
    });
  });

  it("without the permission, and without a hint that another organization's project exists", async () => {
    const stranger = testHuman([newId('org')]);
    const input = { projectId: world.project.projectId, sku: 'h200-sxm-slice', region: 'eu-north-1', gpuCount: 1 };
    expect(await world.answer(CREATE, { input }, stranger)).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    const colleague = testHuman([world.project.organizationId]);
    expect(await world.answer(CREATE, { input }, colleague)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(world.authority.records.at(-1)).toMatchObject({
      action: 'allocations.allocation.create',
      result: 'denied',
      actor: { id: colleague.id },
    });
  });
});

describe('the plan of an allocation', () => {
  const PLAN = `query ($input: AllocationPlanInput!) { allocationPlan(input: $input) { isPossible unit unitPrice { amount } held { amount }
    whyPending { reason causes { reason causes { reason } } } } }`;
  const input = (overrides = {}) => ({
    input: {
      projectId: world.project.projectId,
      sku: 'h200-sxm-slice',
      region: 'eu-north-1',
      gpuCount: 2,
      ...overrides,
    },
  });

  it('answers what creating would answer, and spends nothing', async () => {
    expect(await world.ask(PLAN, input())).toEqual({
      allocationPlan: {
        isPossible: true,
        unit: 'gpu_hour',
        unitPrice: { amount: '4.50' },
        held: { amount: '0.15' },
        whyPending: null,
      },
    });
  });

  it('tells policy, quota, balance and capacity apart, all at once', async () => {
    world.platform.quotaLimits.set('gpus', 1n);
    world.platform.balances.set(world.project.organizationId, 1n);
    const data = await world.ask(PLAN, input({ region: 'us-west-1' }));
    expect(data).toMatchObject({
      allocationPlan: {
        isPossible: false,
        whyPending: { reason: 'QUOTA', causes: [{ reason: 'BALANCE' }, { reason: 'CAPACITY' }] },
      },
    });
  });

  it('is not answered to those who may not create', async () => {
    expect(await world.answer(PLAN, input(), testHuman([world.project.organizationId]))).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });
});
