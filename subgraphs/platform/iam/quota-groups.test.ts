import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Outcome } from '../../../kernel/errors/refusal.js';
import type { QuotaHoldsRequest } from './contract.js';
import { countStatements } from '../../../kernel/testing/count-statements.js';
import { type TestIam, startTestIam } from './testing/test-iam.js';

let iam: TestIam;
beforeAll(async () => {
  iam = await startTestIam();
  iam.registry.addDimension('tokens');
});
afterAll(() => iam.close());

/** Two organizations with two projects each, and their limits. */
interface World {
  readonly organizationIds: readonly string[];
  readonly projectIds: readonly string[];
}

async function world(limits: readonly bigint[]): Promise<World> {
  const organizationIds: string[] = [];
  const projectIds: string[] = [];
  const { commands } = iam.access;
  for (const at of [0, 1]) {
    const { organizationId, projectId } = await iam.organization();
    const { id: second } = await iam.asSystem(commands.createProject, { organizationId, name: 'Second' });
    const [inAll = 0n, inOne = 0n, each = 0n] = limits.slice(at * 3);
    await iam.asSystem(commands.setQuota, { scopeId: organizationId, dimension: 'gpus', limit: inAll });
    await iam.asSystem(commands.setQuota, { scopeId: projectId, dimension: 'tokens', limit: inOne });
    await iam.asSystem(commands.setQuota, { scopeId: second, dimension: 'gpus', limit: each, principalId: '*' });
    organizationIds.push(organizationId);
    projectIds.push(projectId, second);
  }
  return { organizationIds, projectIds };
}

interface Ask {
  readonly project: number;
  readonly principal: number;
  readonly reference: number;
  readonly gpus: bigint;
  readonly tokens: bigint;
}

function requestOf(ask: Ask, { projectIds }: World): QuotaHoldsRequest {
  const { gpus, tokens } = ask;
  return {
    projectId: projectIds[ask.project] ?? '',
    principalId: `usr_${ask.principal}`,
    reference: `${projectIds[ask.project]} ${ask.reference}`,
    ttlSeconds: 60,
    amounts: [
      { dimension: 'gpus', amount: gpus },
      { dimension: 'tokens', amount: tokens },
    ],
  };
}

const inBoth = <Result>(place: World, work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
  iam.test.kernel.database.transaction(place.organizationIds, work);

/** Outcomes and counters in words that do not depend on identifiers. */
async function told(place: World, outcomes: readonly Outcome<{ holdIds: readonly string[] }>[]): Promise<unknown> {
  const names = new Map([...place.organizationIds, ...place.projectIds].map((id, at) => [id, `place ${at}`]));
  const anonymous = (text: string): string =>
    [...names].reduce((rest, [id, name]) => rest.replaceAll(id, name), text).replaceAll(/dep_\w+/g, 'department');
  const counters = await inBoth(place, (tx) =>
    tx.rows<{ node: string; dimension: string; held: bigint }>(
      `select scope_id as node, dimension, held, committed from iam.quotas where organization_id = any ($1) and held + committed > 0
       order by scope_level, dimension, held, scope_id`,
      [place.organizationIds],
    ),
  );
  const holds = await inBoth(place, (tx) =>
    tx.rows<{ reference: string }>(
      `select reference, dimension, amount from iam.quota_holds order by reference, dimension`,
    ),
  );
  const refusals = outcomes.map((outcome) => (outcome.ok ? outcome.value.holdIds.length : outcome.refusals));
  const text = JSON.stringify({ refusals, counters, holds }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  const parsed = JSON.parse(anonymous(text)) as Record<string, unknown[]>;
  return { ...parsed, counters: sorted(parsed['counters']), holds: sorted(parsed['holds']) };
}

function sorted(items: readonly unknown[] = []): string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}

it('holds together exactly what would be held in turn, and refuses with the same words', async () => {
  const amount = fc.bigInt({ min: 0n, max: 3n });
  const ask: fc.Arbitrary<Ask> = fc.record({
    project: fc.nat(3),
    principal: fc.nat(1),
    reference: fc.nat(6),
    gpus: amount,
    tokens: amount,
  });
  let [refused, held] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(ask, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 4 }),
      fc.array(fc.bigInt({ min: 2n, max: 14n }), { minLength: 6, maxLength: 6 }),
      async (groups, limits) => {
        const [together, inTurn] = [await world(limits), await world(limits)];
        for (const group of groups) {
          const { quotas } = iam.access;
          const first = await inBoth(together, (tx) =>
            quotas.holdTogether(
              tx,
              group.map((one) => requestOf(one, together)),
            ),
          );
          const second: Outcome<{ holdIds: readonly string[] }>[] = [];
          await inBoth(inTurn, async (tx) => {
            for (const one of group) second.push(await quotas.holdAll(tx, requestOf(one, inTurn)));
          });
          expect(await told(together, first)).toEqual(await told(inTurn, second));
          held += first.filter(({ ok }) => ok).length;
          refused += first.filter(({ ok }) => !ok).length;
        }
      },
    ),
    { numRuns: 20 },
  );
  process.stdout.write(`quota holds of groups compared: ${held} held, ${refused} refused\n`);
  expect(Math.min(held, refused)).toBeGreaterThan(20);
}, 90_000);

it('holds for many in one statement, and asks one by one only where something is out of the ordinary', async () => {
  const place = await world([100n, 100n, 100n, 100n, 100n, 100n]);
  const ask = (reference: number, project: number, gpus = 1n): QuotaHoldsRequest =>
    requestOf({ project, principal: 0, reference, gpus, tokens: 1n }, place);
  const statements = (requests: readonly QuotaHoldsRequest[]): Promise<number> =>
    inBoth(place, async (tx) => {
      const { counted, statements: count } = countStatements(tx);
      await iam.access.quotas.holdTogether(counted, requests);
      return count();
    });
  await statements([ask(1, 0), ask(2, 2)]);
  expect(await statements([ask(3, 0), ask(4, 2), ask(5, 0), ask(6, 2)])).toBe(1);
  expect(await statements([ask(7, 0), ask(8, 2, 101n), ask(9, 0), ask(10, 2)])).toBe(3);
});
