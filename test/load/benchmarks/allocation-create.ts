import type { Actor } from '../../../kernel/access/actor.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { BARE_TRANSACTION, bareTransaction } from '../harness/bare-transaction.js';
import { DURABILITY } from '../harness/bench-database.js';
import { type BenchPlatform, openBenchPlatform } from '../harness/bench-platform.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { rounded } from '../harness/statistics.js';
import { type Contender, detailsOf, ratioOf, standingOf, takeTurns } from '../harness/take-turns.js';

const CLIENTS = 16;
const NODES = 1000;
const SPREAD = 'spread';
const TOGETHER = 'together';
const CREATE = 'allocations.allocation.create';

/** Who creates, and where. */
interface Customer {
  readonly actor: Actor;
  readonly projectId: string;
}

/** An organization with a project, money, quota and one person for each name. */
async function customers(platform: BenchPlatform, name: string, people: number): Promise<Customer[]> {
  const { command } = platform;
  const { id: organizationId = '' } = await command('iam.organization.create', {
    name,
    slug: name,
    type: 'enterprise',
  });
  const { id: projectId = '' } = await command('iam.project.create', { organizationId, name: 'Bench' });
  for (const dimension of ['gpus', 'allocations']) {
    await command('iam.quota.set', { scopeId: organizationId, dimension, limit: 10_000_000n });
  }
  const key = 'allocation.max_concurrent_per_user';
  await command('iam.policy.set', { scopeId: organizationId, key, value: 1_000_000 });
  await command('billing.account.top_up', { organizationId, amount: '900000000.00', idempotencyKey: `top-up-${name}` });
  const made: Customer[] = [];
  for (let index = 0; index < people; index += 1) {
    const invitation = { scopeId: projectId, issuer: 'https://bench.example', subject: `${name}-${index}` };
    const roles = ['project_admin'];
    const { userId: id = '' } = await command('iam.member.invite', { ...invitation, displayName: 'Bench', roles });
    const assurance = 2 as const;
    made.push({
      actor: { kind: 'human', id, displayName: 'Bench', organizationIds: [organizationId], assurance },
      projectId,
    });
  }
  return made;
}

/** Many machines like the reference one, as if their agents were connected. */
async function seedCapacity({ domains, bare }: BenchPlatform): Promise<void> {
  await domains.allocations.seedReferenceCapacity();
  await domains.billing.seedPriceBook([
    { priceKey: 'sku:h200-sxm-slice', unit: 'gpu_hour', unitPriceNanos: 3_500_000_000n },
  ]);
  await bare.query(`
    insert into allocations.nodes (id, name, region_id, sku_id, state, state_changed_at, scheduling, health, connectivity,
        connectivity_changed_at, epoch, public_key, gpu_count, total_units, free_units, images, topology, created_at)
      select 'nod_bench' || n, 'bench-' || n, region_id, sku_id, 'active', now(), 'ELIGIBLE', 'HEALTHY', 'CONNECTED', now(), 1,
        public_key, gpu_count, gpu_count, gpu_count, array['ubuntu-24.04-cuda-12.8'], topology, now()
      from allocations.nodes, generate_series(1, ${NODES}) as n where name = 'h200-a1';
    insert into allocations.slots (id, node_id, slot_index, gpu_pci_address, nvme_device, mac_address, private_ip, numa_node,
        storage_ownership, fabric_claim_mode, fabric_vf_pci_address, destructive_wipe_policy, status, status_changed_at,
        approved_at, approved_by, created_at)
      select 'slt_bench' || n || '_' || s.slot_index, 'nod_bench' || n, s.slot_index, s.gpu_pci_address, s.nvme_device,
        s.mac_address, s.private_ip, s.numa_node, s.storage_ownership, s.fabric_claim_mode, s.fabric_vf_pci_address,
        s.destructive_wipe_policy, 'available', now(), now(), 'bench', now()
      from allocations.slots s join allocations.nodes a on a.id = s.node_id, generate_series(1, ${NODES}) as n
      where a.name = 'h200-a1';
    analyze allocations.nodes, allocations.slots`);
}

/** Between rounds: capacity is free again, and nothing of the round before slows the next one. */
async function reset({ bare }: BenchPlatform): Promise<void> {
  await bare.query(`
    truncate allocations.allocations, allocations.resource_claims, allocations.node_tasks, kernel.outbox, iam.quota_holds cascade;
    update iam.quotas set held = 0, committed = 0;
    update allocations.nodes set free_units = total_units where free_units <> total_units;
    update allocations.slots set status = 'available' where status = 'reserved'`);
  await bare.query('vacuum allocations.nodes, allocations.slots');
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const platform = await openBenchPlatform(environment, CLIENTS);
  try {
    await seedCapacity(platform);
    const together = await customers(platform, 'together', CLIENTS);
    const spread: Customer[] = [];
    for (let client = 0; client < CLIENTS; client += 1)
      spread.push(...(await customers(platform, `spread-${client}`, 1)));
    const statements = await statementsOf(platform, spread);
    const contenders: Contender[] = [
      { name: BARE_TRANSACTION, operation: () => bareTransaction(platform.bare, 'org_bench') },
      { name: SPREAD, operation: creation(platform, spread), after: () => reset(platform) },
      { name: TOGETHER, operation: creation(platform, together), after: () => reset(platform) },
    ];
    const standings = await environment.profiled('allocation-create', () =>
      takeTurns(environment, contenders, CLIENTS),
    );
    const floor = standingOf(standings, BARE_TRANSACTION);
    return [
      [SPREAD, `allocationCreate, ${CLIENTS} organizations`],
      [TOGETHER, 'allocationCreate, all in one project'],
    ].map(([name = '', what = '']) => {
      const standing = standingOf(standings, name);
      return {
        what,
        value: rounded(standing.rate),
        unit: '/s',
        against: { name: BARE_TRANSACTION, value: rounded(floor.rate) },
        ratio: ratioOf(standing, floor),
        target: '≥ 0.333×',
        details: { ...detailsOf(standing), statements, floor_p50_ms: detailsOf(floor)['p50_ms'] ?? 0 },
      };
    });
  } finally {
    await platform.close();
  }
}

function creation(platform: BenchPlatform, who: readonly Customer[]): (client: number) => Promise<unknown> {
  return async (client) => {
    const customer = who[client % who.length];
    if (customer === undefined) throw new Error('there is nobody to create anything');
    const where = { projectId: customer.projectId, sku: 'h200-sxm-slice', region: 'eu-north-1' };
    return platform.command(CREATE, { ...where, gpuCount: 1, idempotencyKey: newId('key') }, customer.actor);
  };
}

/** The least of several: what runs in the background is counted too when it comes between. */
async function statementsOf(platform: BenchPlatform, who: readonly Customer[]): Promise<number> {
  const create = creation(platform, who);
  const counts: number[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    const before = platform.kernel.database.statementCount;
    await create(0);
    counts.push(platform.kernel.database.statementCount - before);
  }
  return Math.min(...counts);
}

export const allocationCreate: Benchmark = {
  name: 'allocation-create',
  describe: `allocationCreate with quota, money, capacity, task, events and audit in its transaction, ${CLIENTS} clients, ${DURABILITY}`,
  run,
};
