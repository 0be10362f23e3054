import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Outcome } from '../../../kernel/errors/refusal.js';
import type { HoldRequest, Place } from './contract.js';
import { countStatements } from '../../../kernel/testing/count-statements.js';
import { type BillingFixture, nanos, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
let snapshot: string;
beforeAll(async () => {
  test = await startBilling();
  snapshot = await test.price('sku:h200', 'gpu_hour', '2.50');
});
afterAll(() => test.close());

/** What two customers have: prepaid, a grant, a budget that stops; in whole units, 0 for none. */
interface Means {
  readonly prepaid: number;
  readonly grant: number;
  readonly budget: number;
}

async function customer({ prepaid, grant, budget }: Means): Promise<Place> {
  const place = test.directory.projectNew();
  const { organizationId } = place;
  if (prepaid > 0) await test.topUp(organizationId, `${prepaid}.00`);
  if (grant > 0)
    await test.run('billing.credit.grant', { organizationId, amount: `${grant}.00`, priority: 1, reason: 'test' });
  if (budget > 0)
    await test.run('billing.budget.set', {
      organizationId,
      period: 'total',
      amount: `${budget}.00`,
      isHardStop: true,
      warnPercents: [],
    });
  return place;
}

interface Ask {
  readonly who: number;
  readonly units: number;
  readonly reference: number;
}

function requestOf({ who, units, reference }: Ask, places: readonly Place[]): HoldRequest {
  const place = places[who];
  if (place === undefined) throw new Error('nobody asks');
  const name = `${place.projectId.replace('prj', 'alc')}:${reference}`;
  return {
    place,
    amountNanos: nanos(`${units}`),
    reference: name,
    reason: 'test',
    ttlSeconds: 60,
    priceSnapshotId: snapshot,
  };
}

const inAll = (places: readonly Place[]): string[] => places.map(({ organizationId }) => organizationId);

/** Outcomes, balances and transfers in words that do not depend on identifiers. */
async function told(places: readonly Place[], outcomes: readonly Outcome<{ holdId: string }>[]): Promise<unknown> {
  const balances = await Promise.all(places.map(({ organizationId }) => test.balance(organizationId)));
  const transfers = await test.kernel.database.transaction(inAll(places), (tx) =>
    tx.rows(
      `select t.kind, t.code, t.amount_nanos, split_part(t.debit_account_id, '/', 2) as debit, split_part(t.credit_account_id, '/', 2) as credit,
         split_part(h.reference, ':', 2) as reference
       from billing.transfers t join billing.holds h on h.id = t.hold_id order by 1, 2, 3, 4, 5, 6`,
    ),
  );
  const drift = await Promise.all(places.map(async ({ organizationId }) => (await test.audit(organizationId)).drift));
  const answers = outcomes.map((outcome) =>
    outcome.ok ? 'held' : outcome.refusals.map(({ code, message }) => `${code} ${message}`),
  );
  return { balances, transfers, drift, answers };
}

it('holds together exactly what would be held in turn, and refuses with the same words', async () => {
  const means: fc.Arbitrary<Means> = fc.record({
    prepaid: fc.constantFrom(0, 20, 20, 40),
    grant: fc.constantFrom(0, 0, 15),
    budget: fc.constantFrom(0, 0, 12),
  });
  const ask: fc.Arbitrary<Ask> = fc.record({
    who: fc.nat(1),
    units: fc.integer({ min: 0, max: 9 }),
    reference: fc.nat(9),
  });
  let [refused, held] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(means, means),
      fc.array(fc.array(ask, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 }),
      async (both, groups) => {
        const together = [await customer(both[0]), await customer(both[1])];
        const inTurn = [await customer(both[0]), await customer(both[1])];
        const { holds } = test.billing;
        for (const group of groups) {
          const first = await test.kernel.database.transaction(inAll(together), (tx) =>
            holds.holdTogether(
              tx,
              group.map((one) => requestOf(one, together)),
            ),
          );
          const second: Outcome<{ holdId: string }>[] = [];
          await test.kernel.database.transaction(inAll(inTurn), async (tx) => {
            for (const one of group) second.push(await holds.hold(tx, requestOf(one, inTurn)));
          });
          expect(await told(together, first)).toEqual(await told(inTurn, second));
          held += first.filter(({ ok }) => ok).length;
          refused += first.filter(({ ok }) => !ok).length;
        }
      },
    ),
    { numRuns: 20 },
  );
  process.stdout.write(`money holds of groups compared: ${held} held, ${refused} refused\n`);
  expect(Math.min(held, refused)).toBeGreaterThan(20);
}, 90_000);

it('holds for many in one statement, and asks one by one only where something is out of the ordinary', async () => {
  const places = [
    await customer({ prepaid: 90, grant: 0, budget: 0 }),
    await customer({ prepaid: 90, grant: 0, budget: 0 }),
  ];
  const statements = (...asks: Ask[]): Promise<number> =>
    test.kernel.database.transaction(inAll(places), async (tx) => {
      const { counted, statements: count } = countStatements(tx);
      await test.billing.holds.holdTogether(
        counted,
        asks.map((ask) => requestOf(ask, places)),
      );
      return count();
    });
  const usual = (reference: number, who: number): Ask => ({ who, units: 1, reference });
  await statements(usual(1, 0), usual(2, 1));
  expect(await statements(usual(3, 0), usual(4, 1), usual(5, 0), usual(6, 1))).toBe(1);
  expect(await statements(usual(7, 0), { ...usual(8, 1), units: 100 }, usual(9, 0))).toBe(2);
});

it('answers the prices of many as it answers each', async () => {
  const [rich, poor] = [test.directory.projectNew(), test.directory.projectNew()];
  await test.price('sku:h200', 'gpu_hour', '1.00', rich.organizationId);
  const requests = [rich, poor].flatMap(({ organizationId }) =>
    ['sku:h200', 'sku:unknown'].map((priceKey) => ({ priceKey, unit: 'gpu_hour', organizationId })),
  );
  const { prices } = test.billing;
  const answers = await test.kernel.database.transaction(inAll([rich, poor]), async (tx) => ({
    together: await prices.snapshots(tx, requests),
    each: await Promise.all(requests.map((request) => prices.snapshot(tx, request))),
  }));
  expect(answers.together).toEqual(answers.each);
  expect(answers.together.map((answer) => answer.ok && answer.value.unitPriceNanos)).toEqual([
    nanos('1'),
    false,
    nanos('2.5'),
    false,
  ]);
});
