import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, systemActor } from '../../kernel/access/actor.js';
import type { Command, CommandResult, Json } from '../../kernel/commands/command.js';
import { newId } from '../../kernel/identifiers/type-id.js';
import { type TestKernel, startTestKernel, testHuman } from '../../kernel/testing/test-kernel.js';
import { DOMAINS, composeDomains } from '../../subgraphs/composition.js';
import { readPackets } from '../../subgraphs/packets.js';

const CREATE = 'allocations.allocation.create';
/** How a refusal is told in the audit log. */
const REFUSED = `${CREATE} failure`;

/** All domains on a database of their own, without background work: what is sent stays in the outbox. */
interface World {
  readonly test: TestKernel;
  command(action: string, input: object, actor?: Actor): Promise<CommandResult<Json>>;
  made(action: string, input: object): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

async function openWorld(): Promise<World> {
  const test = await startTestKernel({ domains: DOMAINS, environment: { DATABASE_POOL_SIZE: '12' } });
  const domains = composeDomains(test.kernel);
  for (const packet of await readPackets()) await domains.registry.registerPacket(packet);
  const subgraphs = [...domains.subgraphs.values()];
  for (const subgraph of subgraphs) await subgraph.start?.();
  const commands = new Map<string, Command>(
    subgraphs.flatMap((subgraph) => subgraph.commands.map((command) => [command.action, command])),
  );
  await domains.allocations.seedReferenceCapacity();
  await domains.billing.seedPriceBook([
    { priceKey: 'sku:h200-sxm-slice', unit: 'gpu_hour', unitPriceNanos: 120_000_000_000n },
  ]);
  const command: World['command'] = (action, input, actor = systemActor('test')) => {
    const known = commands.get(action);
    if (known === undefined) throw new Error(`there is no command ${action}`);
    return test.kernel.pipeline.execute(known, input, { actor, correlationId: newId('cor') });
  };
  return {
    test,
    command,
    async made(action, input) {
      const result = await command(action, input);
      if (!result.ok) throw new Error(`${action} was refused: ${JSON.stringify(result.refusals)}`);
      return result.value as Readonly<Record<string, string>>;
    },
    async close() {
      for (const subgraph of subgraphs.reverse()) await subgraph.stop?.();
      await test.close();
    },
  };
}

/** What customers have; each kind of limit stops one of them. */
interface Means {
  readonly nodes: number;
  readonly quota: number;
  readonly deposit: number;
}

interface Place {
  readonly region: string;
  readonly customers: readonly {
    readonly organizationId: string;
    readonly projectId: string;
    readonly people: Actor[];
  }[];
}

/** A region with machines of eight slots, and three customers: one short of quota, one of money, one of neither. */
async function openPlace(world: World, means: Means): Promise<Place> {
  const region = newId('reg').slice(0, 30);
  await world.test.kernel.database.transaction('system', async (tx) => {
    await tx.execute(
      `insert into allocations.regions (id, name, display_name, created_at) values ($1, $1, $1, now())`,
      [region],
    );
    await tx.execute(
      `insert into allocations.nodes (id, name, region_id, sku_id, state, state_changed_at, scheduling, health, connectivity,
         connectivity_changed_at, epoch, gpu_count, total_units, free_units, images, created_at)
       select $1 || '-' || n, $1 || '-' || n, $1, sku_id, 'active', now(), 'ELIGIBLE', 'HEALTHY', 'CONNECTED', now(), 1, 8, 8, 8,
         array['ubuntu-24.04-cuda-12.8'], now() from allocations.nodes, generate_series(1, $2::int) n where name = 'h200-a1'`,
      [region, means.nodes],
    );
    await tx.execute(
      `insert into allocations.slots (id, node_id, slot_index, numa_node, status, status_changed_at, approved_at, created_at)
       select n.id || '/' || s, n.id, s, s % 2, 'available', now(), now(), now()
       from allocations.nodes n, generate_series(0, 7) s where n.region_id = $1`,
      [region],
    );
  });
  const customers = [];
  for (const [quota, deposit] of [
    [means.quota, 10_000],
    [1000, means.deposit],
    [1000, 10_000],
  ]) {
    const slug = newId('org').slice(4).toLowerCase();
    const { id: organizationId = '' } = await world.made('iam.organization.create', {
      name: slug,
      slug,
      type: 'enterprise',
    });
    const { id: projectId = '' } = await world.made('iam.project.create', { organizationId, name: 'Project' });
    await world.made('iam.quota.set', { scopeId: organizationId, dimension: 'gpus', limit: BigInt(quota ?? 0) });
    await world.made('billing.account.top_up', { organizationId, amount: `${deposit}.00`, idempotencyKey: slug });
    const people: Actor[] = [];
    for (const subject of [`${slug}-a`, `${slug}-b`]) {
      const invitation = {
        scopeId: projectId,
        issuer: 'https://test.example',
        subject,
        displayName: subject,
        roles: ['project_admin'],
      };
      const { userId: id = '' } = await world.made('iam.member.invite', invitation);
      people.push(testHuman([organizationId], { id }));
    }
    customers.push({ organizationId, projectId, people });
  }
  return { region, customers };
}

interface Launch {
  readonly customer: number;
  readonly person: number;
  readonly kind: 'usual' | 'again' | 'stranger' | 'unknown';
}

const KINDS = ['usual', 'usual', 'usual', 'usual', 'again', 'stranger', 'unknown'] as const;
const MIXED: Launch[] = Array.from({ length: 36 }, (_, at) => ({
  customer: at % 3,
  person: Math.floor(at / 3) % 2,
  kind: KINDS[at % KINDS.length] ?? 'usual',
}));
/** Short of quota and money, and short of slots. */
const SHORTAGES: [Means, Launch[]][] = [
  [{ nodes: 8, quota: 3, deposit: 10 }, MIXED],
  [{ nodes: 1, quota: 8, deposit: 20 }, MIXED],
];

/** What came of a launch, in one word. */
async function launch(world: World, place: Place, asked: Launch, key: string): Promise<string> {
  const { customer, person, kind } = asked;
  const { projectId, organizationId, people } = place.customers[customer] ?? {
    projectId: '',
    organizationId: '',
    people: [],
  };
  const actor = kind === 'stranger' ? testHuman([organizationId]) : people[person];
  const input = {
    projectId,
    sku: kind === 'unknown' ? 'nothing' : 'h200-sxm-slice',
    region: place.region,
    gpuCount: 1,
  };
  const once = (): Promise<string> =>
    world.command(CREATE, { ...input, idempotencyKey: key }, actor).then(
      (result) => (result.ok ? 'created' : `${result.refusals[0]?.code} ${customer}`),
      (error: { code?: string }) => `${error.code} ${customer}`,
    );
  if (kind !== 'again') return once();
  const [first, second] = await Promise.all([once(), once()]);
  return first === second ? `${first} twice` : `${first}, but ${second}`;
}

interface Totals {
  readonly customers: readonly Readonly<Record<string, unknown>>[];
  readonly overdrawn: readonly unknown[];
  readonly overQuota: readonly unknown[];
  readonly drifted: readonly unknown[];
}

/** Everything that launches leave behind, by customer; and what must never be. */
async function totals(world: World, place: Place): Promise<Totals> {
  const ids = place.customers.map(({ organizationId }) => organizationId);
  return world.test.kernel.database.read('system', async (tx) => ({
    customers: await tx.rows(
      `select (select count(*)::int from allocations.allocations a where a.organization_id = o.id) as allocations,
         (select count(*)::int from allocations.resource_claims c where c.organization_id = o.id and c.released_at is null) as claims,
         (select count(*)::int from allocations.node_tasks t where t.organization_id = o.id and t.status = 'queued') as tasks,
         (select json_agg(json_build_array(q.scope_level, q.dimension, (q.held + q.committed)::int) order by 1, q.scope_level, q.dimension, q.held)
          from iam.quotas q where q.organization_id = o.id and q.scope_level <> 'principal' and q.held + q.committed > 0) as quota,
         (select count(*)::int from iam.quota_holds h where h.organization_id = o.id) as quota_holds,
         (select coalesce(sum(h.amount_nanos), 0)::text from billing.holds h where h.organization_id = o.id and h.state = 'active') as held,
         (select coalesce(sum(t.amount_nanos), 0)::text from billing.transfers t where t.organization_id = o.id and t.kind = 'pending') as pending,
         (select json_object_agg(topic, sent) from (
            select coalesce(body ->> 'type', concat(body ->> 'action', ' ', body ->> 'result')) as topic, count(*)::int as sent
            from kernel.outbox b where b.organization_id = o.id and body::text like '%allocations.allocation%' group by 1 order by 1) s) as told
       from unnest($1::text[]) with ordinality o (id, place) order by o.place`,
      [ids],
    ),
    overdrawn: await tx.rows(
      `select id from billing.accounts where code = 'prepaid' and credits_posted - debits_posted - debits_pending < 0`,
    ),
    overQuota: await tx.rows('select id from iam.quotas where held + committed > limit_amount'),
    drifted: await tx.rows(
      `select n.id from allocations.nodes n left join allocations.resource_claims c on c.node_id = n.id and c.released_at is null
       group by n.id having n.free_units + coalesce(sum(c.units), 0) <> n.total_units and n.region_id = '${place.region}'`,
    ),
  }));
}

const counted = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of [...words].sort()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

/**
 * The same, as if nobody had asked twice. Whether the last of a quota goes to somebody who asks twice is a matter of who
 * comes first, and a refusal is recorded each time.
 */
function askedOnce(came: readonly string[], all: Totals): unknown {
  const refusedTwice = (customer: number): number => came.filter((word) => word.endsWith(` ${customer} twice`)).length;
  const customers = all.customers.map((left, customer) => {
    const told = left['told'] as Readonly<Record<string, number>> | null;
    return { ...left, told: { ...told, [REFUSED]: (told?.[REFUSED] ?? 0) - refusedTwice(customer) } };
  });
  return [counted(came.map((word) => word.replace(/ twice$/, ''))), { ...all, customers }];
}

let together: World;
let inTurn: World;
beforeAll(async () => {
  together = await openWorld();
  inTurn = await openWorld();
}, 120_000);
afterAll(async () => {
  await together.close();
  await inTurn.close();
});

describe('launches of many customers at once', () => {
  it('come to exactly what they come to one after the other, whatever is short', async () => {
    const asked: fc.Arbitrary<Launch> = fc.record({
      customer: fc.nat(2),
      person: fc.nat(1),
      kind: fc.constantFrom(...KINDS),
    });
    const words = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.record({ nodes: fc.constantFrom(1, 8, 8), quota: fc.nat(8), deposit: fc.constantFrom(10, 15, 20) }),
        fc.array(asked, { minLength: 20, maxLength: 36, size: 'max' }),
        async (means, launches) => {
          const places = [await openPlace(together, means), await openPlace(inTurn, means)] as const;
          const atOnce = await Promise.all(
            launches.map((one, at) => launch(together, places[0], one, `${places[0].region} ${at}`.replace(' ', '-'))),
          );
          const oneByOne: string[] = [];
          for (const [at, one] of launches.entries())
            oneByOne.push(await launch(inTurn, places[1], one, `${places[1].region}-${at}`));
          const [left, right] = [await totals(together, places[0]), await totals(inTurn, places[1])];
          for (const word of [...atOnce, ...oneByOne]) words.add(word.replace(/ \d$/, ''));
          expect(left).toMatchObject({ overdrawn: [], overQuota: [], drifted: [] });
          // Who gets the last slots is a matter of who comes first; where there are enough, nothing is.
          const told = (came: readonly string[], all: Totals): unknown =>
            means.nodes === 1 ? came.filter((word) => word.startsWith('created')).length : askedOnce(came, all);
          expect(told(atOnce, left)).toEqual(told(oneByOne, right));
        },
      ),
      { numRuns: 3, examples: SHORTAGES },
    );
    process.stdout.write(`launches came to: ${[...words].sort().join(', ')}\n`);
    for (const word of [
      'created',
      'created twice',
      'QUOTA_EXCEEDED',
      'INSUFFICIENT_BALANCE',
      'CAPACITY_UNAVAILABLE',
      'NOT_FOUND',
    ])
      expect(words).toContain(word);
  }, 240_000);
});
