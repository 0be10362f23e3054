import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AllocationWorld, createAllocation, createAllocationWorld } from './testing/allocation-world.js';

let world: AllocationWorld;
const nodes = Array.from({ length: 4 }, (_, at) => ({
  name: `slice-${at}`,
  region: 'eu-north-1',
  sku: 'h200-sxm-slice',
  gpuCount: 8,
  numaNodes: 2,
}));

beforeAll(async () => {
  world = await createAllocationWorld({ nodes, runsJobs: false, runsWorker: false });
  await world.activateNodes();
  for (let count = 0; count < 20; count += 1) await createAllocation(world, { gpuCount: 1 });
});
afterAll(() => world.close());

/** Statements of a query. The event feed polls beside it: the least of some tries is the query's own. */
async function statements(source: string, actor = world.member): Promise<number> {
  const counts: number[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const before = world.test.kernel.database.statementCount;
    await world.ask(source, {}, actor);
    counts.push(world.test.kernel.database.statementCount - before);
  }
  return Math.min(...counts);
}

describe('a list takes the same number of statements whatever its length', () => {
  it('of allocations, with SKU, region, project and actions', async () => {
    const query = (first: number): string =>
      `{ allocations(first: ${first}) { nodes { id sku { name } region { name } project { id } availableActions } } }`;
    expect(await world.ask(query(20))).toMatchObject({ allocations: { nodes: { length: 20 } } });
    expect(await statements(query(20))).toBe(await statements(query(2)));
  });

  it('of machines, with SKU, region, slots and tasks', async () => {
    const query = (first: number): string =>
      `{ computeNodes(first: ${first}) { nodes { id sku { name } region { name } slots { id } tasks { id } } } }`;
    expect(await statements(query(4), world.operator)).toBe(await statements(query(1), world.operator));
  });

  it('of SKUs and regions', async () => {
    const query = (first: number): string =>
      `{ skus(first: ${first}) { nodes { id } } regions(first: ${first}) { nodes { id } } }`;
    expect(await statements(query(9))).toBe(await statements(query(1)));
  });

  it('and pages through without losing or repeating any', async () => {
    const seen: string[] = [];
    for (let after: string | null = null; seen.length < 20;) {
      const data = await world.ask(
        `query ($after: Cursor) { allocations(first: 7, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }`,
        { after },
      );
      const page = data['allocations'] as {
        nodes: { id: string }[];
        pageInfo: { endCursor: string; hasNextPage: boolean };
      };
      seen.push(...page.nodes.map((node) => node.id));
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(seen).toHaveLength(20);
    expect(seen).toEqual([...new Set(seen)].toSorted((left, right) => (left < right ? 1 : -1)));
  });
});
