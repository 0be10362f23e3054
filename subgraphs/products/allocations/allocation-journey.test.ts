import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, subscribe } from 'graphql';
import { eventually } from '../../../kernel/testing/test-kernel.js';
import type { SimulatedFleet } from '../../../agent/fleet/simulated-fleet.js';
import {
  type AllocationWorld,
  RELEASE,
  createAllocation,
  createAllocationWorld,
  stateOf,
} from './testing/allocation-world.js';

let world: AllocationWorld;
let fleet: SimulatedFleet;

beforeAll(async () => {
  world = await createAllocationWorld({ usageWindowSeconds: 1 });
  fleet = await world.startFleet();
});
afterAll(() => world.close());

async function nodesInService(count: number): Promise<void> {
  await eventually(async () => {
    const data = await world.ask(
      '{ computeNodes { nodes { state connectivity health freeUnits } } }',
      {},
      world.operator,
    );
    const { nodes } = data['computeNodes'] as { nodes: { state: string; connectivity: string }[] };
    return nodes.filter((node) => node.state === 'ACTIVE' && node.connectivity === 'CONNECTED').length === count;
  });
}

it('enrols the fleet, provisions an allocation on a real agent, meters it, releases it and gets the capacity back', async () => {
  await nodesInService(2);
  const stream = await subscribe({
    schema: world.schema,
    document: parse(`subscription ($projectId: ID!) { allocationEvents(projectId: $projectId) {
      type subject { id state sku { name } project { id } connection { host port user } } } }`),
    variableValues: { projectId: world.project.projectId },
    contextValue: world.test.context(world.member),
  });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  const types: string[] = [];
  const following = (async () => {
    for await (const { data } of stream) {
      types.push((data as { allocationEvents: { type: string } }).allocationEvents.type);
      if (types.at(-1) === 'allocations.allocation.released') return;
    }
  })();

  const created = await createAllocation(world, { sshKeyIds: [] });
  expect(created).toMatchObject({
    allocation: { state: 'PROVISIONING', gpuCount: 2, node: null, sku: { name: 'h200-sxm-slice' } },
    userErrors: [],
  });
  const id = created.allocation?.id ?? '';
  await eventually(async () => (await stateOf(world, id)) === 'active');
  expect([...fleet.runtimes.values()].flatMap((runtime) => runtime.running)).toEqual([id]);
  expect(
    await world.ask(
      'query ($id: ID!) { allocation(id: $id) { state connection { host port user } availableActions node { name } } }',
      { id },
    ),
  ).toMatchObject({
    allocation: {
      state: 'ACTIVE',
      connection: { host: expect.stringMatching(/^slice-[12]\.nodes\.internal$/), user: 'tenant' },
      availableActions: ['RELEASE'],
      node: null,
    },
  });
  await eventually(() => world.platform.usage.size >= 2);
  expect(world.platform.used('gpus')).toBe(2n);

  const released = await world.ask(RELEASE, { input: { id } });
  expect(released).toMatchObject({
    allocationRelease: { allocation: { state: 'RELEASING', availableActions: [] }, userErrors: [] },
  });
  await eventually(async () => (await stateOf(world, id)) === 'released');
  const windows = [...world.platform.usage.values()]
    .map((event) => [event.windowStart.getTime(), event.windowEnd.getTime()])
    .sort(([left = 0], [right = 0]) => left - right);
  expect(windows.slice(1).map(([start]) => start)).toEqual(windows.slice(0, -1).map(([, end]) => end));
  expect(world.platform.used('gpus')).toBe(0n);
  expect([...fleet.runtimes.values()].flatMap((runtime) => runtime.running)).toEqual([]);
  const free = await world.ask(
    '{ computeNodes { nodes { freeUnits totalUnits slots { status } tasks { type status } } } }',
    {},
    world.operator,
  );
  expect(free).toMatchObject({
    computeNodes: {
      nodes: [
        { freeUnits: 8, totalUnits: 8 },
        { freeUnits: 8, totalUnits: 8 },
      ],
    },
  });
  await following;
  expect(types).toEqual(
    ['requested', 'provisioning_started', 'activated', 'release_accepted', 'released'].map(
      (verb) => `allocations.allocation.${verb}`,
    ),
  );
});
