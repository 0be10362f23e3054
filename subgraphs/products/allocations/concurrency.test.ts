import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AllocationWorld, RELEASE, createAllocation, createAllocationWorld } from './testing/allocation-world.js';
import { answerNewest } from './testing/node-stand-in.js';

let world: AllocationWorld;
const nodes = [
  ...Array.from({ length: 3 }, (_, at) => ({
    name: `slice-${at}`,
    region: 'eu-north-1',
    sku: 'h200-sxm-slice',
    gpuCount: 8,
    numaNodes: 2,
  })),
  { name: 'whole-1', region: 'eu-north-1', sku: 'h100', gpuCount: 8, numaNodes: 2 },
];

beforeAll(async () => {
  world = await createAllocationWorld({ nodes, runsJobs: false, environment: { DATABASE_POOL_SIZE: '16' } });
  await world.activateNodes();
});
afterAll(() => world.close());

/** What must hold at every instant, seen in one snapshot. */
const BROKEN = `
  select n.name, n.total_units, n.free_units, coalesce(sum(c.units), 0)::int as claimed,
    count(distinct c.slot_id)::int as slots, count(c.slot_id)::int as slot_claims,
    (select count(*)::int from allocations.slots s where s.node_id = n.id and s.status = 'available') as available
  from allocations.nodes n left join allocations.resource_claims c on c.node_id = n.id and c.released_at is null
  group by n.id
  having n.free_units + coalesce(sum(c.units), 0) <> n.total_units or count(distinct c.slot_id) <> count(c.slot_id)
    or (n.name like 'slice-%' and n.free_units <> (select count(*) from allocations.slots s where s.node_id = n.id and s.status = 'available'))`;

const violations = (): Promise<unknown[]> => world.test.kernel.database.read('system', (tx) => tx.rows(BROKEN));

/** A small generator with a seed, so that a failure can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

async function customer(seed: number, tally: { placed: number; refused: string[] }): Promise<void> {
  const next = random(seed);
  for (let round = 0; round < 8; round += 1) {
    const wantsWhole = next() < 0.15;
    const input = wantsWhole ? { sku: 'h100', gpuCount: 8 } : { gpuCount: [1, 2, 4, 8][Math.floor(next() * 4)] };
    const { allocation, userErrors } = await createAllocation(world, input);
    if (allocation === null) {
      tally.refused.push(...userErrors.map((error) => error.code));
      continue;
    }
    tally.placed += 1;
    await answerNewest(world, allocation.id, next() < 0.2 ? 'failed' : 'done');
    await world.ask(RELEASE, { input: { id: allocation.id } });
    if (next() < 0.2) await answerNewest(world, allocation.id, 'failed');
    await answerNewest(world, allocation.id);
  }
}

describe('sixteen customers at once', () => {
  it('never hold more than there is, at any instant, and leave everything free', async () => {
    const tally = { placed: 0, refused: [] as string[] };
    const running = new AbortController();
    const samples: unknown[][] = [];
    const watching = (async () => {
      while (!running.signal.aborted) samples.push(await violations());
    })();
    await Promise.all(Array.from({ length: 16 }, (_, seed) => customer(seed + 1, tally)));
    running.abort();
    await watching;
    expect(samples.length).toBeGreaterThan(10);
    expect(samples.flat()).toEqual([]);
    expect(tally.placed + tally.refused.length).toBe(128);
    expect(new Set(tally.refused)).toEqual(new Set(['CAPACITY_UNAVAILABLE']));
    expect(tally.placed).toBeGreaterThan(30);
    const free = await world.test.kernel.database.read('system', (tx) =>
      tx.rows('select total_units - free_units as held from allocations.nodes'),
    );
    expect(free).toEqual([{ held: 0 }, { held: 0 }, { held: 0 }, { held: 0 }]);
    expect(world.platform.used('gpus')).toBe(0n);
  });

  it('get exactly as many single GPUs as there are: every one of them, and nobody two', async () => {
    const results = await Promise.all(Array.from({ length: 40 }, () => createAllocation(world, { gpuCount: 1 })));
    expect(results.filter((result) => result.allocation !== null)).toHaveLength(24);
    expect(await violations()).toEqual([]);
  });

  it('cannot be given a slot or a unit twice even by a wrong statement: the database refuses', async () => {
    const wrong = (text: string): Promise<unknown> =>
      world.test.kernel.database.transaction('system', (tx) => tx.execute(text));
    await expect(wrong('update allocations.nodes set free_units = free_units - 9')).rejects.toThrow(
      /nodes_units_in_bounds/,
    );
    await expect(
      wrong(`insert into allocations.resource_claims (allocation_id, organization_id, claim_kind, node_id, node_epoch, slot_id, units, claimed_at)
        select allocation_id, organization_id, claim_kind, node_id, node_epoch, slot_id, units, now() from allocations.resource_claims where released_at is null limit 1`),
    ).rejects.toThrow(/claims_live_slot/);
    await expect(
      wrong(`update allocations.slots set fabric_claim_mode = 'shared' where status = 'reserved'`),
    ).rejects.toThrow(/permission|slots_schedulable/);
  });
});
