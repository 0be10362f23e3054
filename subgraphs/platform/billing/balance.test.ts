import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { eventually } from '../../../kernel/testing/test-kernel.js';
import type { Place } from './contract.js';
import { assessBalance, balanceLifecycle } from './domain/balance-state.js';
import { holdLifecycle } from './domain/hold-lifecycle.js';
import { type BillingFixture, accepted, gpuUsage, nanos, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
let snapshot: string;
beforeAll(async () => {
  test = await startBilling();
  test.runWorker();
  snapshot = await test.price('sku:h200', 'gpu_hour', '2.50');
});
afterAll(() => test.close());

const use = async (place: Place, seconds: bigint): Promise<void> => {
  accepted(
    await test.inside(place.organizationId, (tx) =>
      test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: seconds })),
    ),
  );
};
const hold = (place: Place, amount: string, reference = newId('alc')) =>
  test.inside(place.organizationId, (tx) =>
    test.billing.holds.hold(tx, { place, amountNanos: nanos(amount), reference, reason: 'test', ttlSeconds: 600 }),
  );

/** Types of the events told of an organization so far, usage and top-ups aside. */
async function told(organizationId: string): Promise<string[]> {
  const rows = await test.kernel.database.read('system', (tx) =>
    tx.rows<{ type: string }>(
      `select type from kernel.event_log where organization_id = $1 and type not in ('billing.usage.recorded', 'billing.balance.credited', 'billing.budget.changed') order by position`,
      [organizationId],
    ),
  );
  return rows.map((row) => row.type);
}

describe('the state of a balance', () => {
  const facts = { postedNanos: 100n, lowThresholdNanos: 50n, burnNanos: 0n, burnSeconds: 600, windowSeconds: 3600 };

  it('follows from the balance, the threshold and the rate of spending', () => {
    expect(assessBalance(facts)).toEqual({ state: 'healthy', event: 'recover', secondsToDepletion: null });
    expect(assessBalance({ ...facts, postedNanos: 50n })).toMatchObject({ state: 'low_balance' });
    expect(assessBalance({ ...facts, postedNanos: 50n, burnNanos: 5n })).toMatchObject({
      state: 'low_balance',
      secondsToDepletion: 6000,
    });
    expect(assessBalance({ ...facts, postedNanos: 30n, burnNanos: 5n })).toMatchObject({
      state: 'auto_release_pending',
      secondsToDepletion: 3600,
    });
    expect(assessBalance({ ...facts, postedNanos: 0n, burnNanos: 5n })).toMatchObject({
      state: 'depleted',
      secondsToDepletion: 0,
    });
    expect(assessBalance({ ...facts, postedNanos: -1n })).toMatchObject({ state: 'depleted', event: 'deplete' });
  });

  it('moves as the specification says: from every state to every other, and from none to itself', () => {
    const events = {
      healthy: 'recover',
      low_balance: 'fall_low',
      auto_release_pending: 'project_depletion',
      depleted: 'deplete',
    } as const;
    for (const from of balanceLifecycle.states) {
      for (const to of balanceLifecycle.states) {
        expect(balanceLifecycle.next(from, events[to])).toBe(from === to ? null : to);
      }
    }
  });

  it('is told once per transition: low, projected, depleted, recovered', async () => {
    const place = test.directory.projectNew();
    const { organizationId } = place;
    await test.topUp(organizationId, '10');
    await test.runJob('billing.watch_balances');
    test.policies.values.set('billing.depletion_window_seconds', 60);
    await use(place, 7200n);
    await test.runJob('billing.watch_balances');
    await test.runJob('billing.watch_balances');
    expect(await test.balance(organizationId)).toMatchObject({ state: 'low_balance' });
    test.policies.values.set('billing.depletion_window_seconds', 3600);
    await use(place, 36n);
    await test.runJob('billing.watch_balances');
    expect(await test.balance(organizationId)).toMatchObject({ state: 'auto_release_pending' });
    await use(place, 7200n);
    await test.runJob('billing.watch_balances');
    await test.runJob('billing.watch_balances');
    await test.topUp(organizationId, '50');
    await test.runJob('billing.watch_balances');
    const expected = ['recovered', 'fell_low', 'depletion_projected', 'depleted', 'recovered'].map(
      (verb) => `billing.balance.${verb}`,
    );
    await eventually(async () => (await told(organizationId)).length >= expected.length);
    expect(await told(organizationId)).toEqual(expected);
    expect(await test.run('billing.balance.assess', { organizationId })).toMatchObject({
      refusals: [{ code: 'INVALID_STATE' }],
    });
    expect(await test.run('billing.balance.assess', { organizationId: newId('org') })).toMatchObject({
      refusals: [{ code: 'NOT_FOUND' }],
    });
  });

  it('is told of a depletion also when nobody looked between the money and its end', async () => {
    const place = test.directory.projectNew();
    await test.topUp(place.organizationId, '1');
    await use(place, 3600n);
    await test.runJob('billing.watch_balances');
    await test.topUp(place.organizationId, '2');
    await use(place, 3600n);
    await test.runJob('billing.watch_balances');
    const expected = ['fell_low', 'depleted', 'depletion_projected', 'depleted'].map(
      (verb) => `billing.balance.${verb}`,
    );
    await eventually(async () => (await told(place.organizationId)).length >= expected.length);
    expect(await told(place.organizationId)).toEqual(expected);
  });

  it('comes back to low, not healthy, when the money after depletion is little', async () => {
    const place = test.directory.projectNew();
    await test.topUp(place.organizationId, '3');
    await test.runJob('billing.watch_balances');
    await eventually(async () => (await told(place.organizationId)).length === 1);
    expect(await told(place.organizationId)).toEqual(['billing.balance.fell_low']);
  });

  it('of a hold has the same words in the database as in the domain', async () => {
    const row = await test.kernel.database.read('system', (tx) =>
      tx.row<{ definition: string }>(
        `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'holds_state_check'`,
      ),
    );
    const states = [...(row?.definition ?? '').matchAll(/'(\w+)'::text/g)].map((match) => match[1]);
    expect(states).toEqual(holdLifecycle.states);
  });
});

describe('top-ups', () => {
  it('credit a payment once, however often it is delivered', async () => {
    const organizationId = test.directory.organizationNew();
    const deliver = (amount = '20') =>
      test.run('billing.account.top_up', { organizationId, amount, source: 'payment', reference: 'evt_1' });
    const results = await Promise.all([deliver(), deliver(), deliver()]);
    const ids = results.map((result) => (result.ok ? (result.value as { transferId: string }).transferId : 'refused'));
    expect(new Set(ids).size).toBe(1);
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('20') });
    expect(await deliver('21')).toMatchObject({
      refusals: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['input', 'reference'] }],
    });
  });

  it('refuse a payment outside the deposit limits or without its event, an unknown organization, and amounts that are none', async () => {
    const organizationId = test.directory.organizationNew();
    const top = (input: object) => test.run('billing.account.top_up', { organizationId, amount: '20', ...input });
    expect(await top({ source: 'payment', reference: 'a', amount: '9.99' })).toMatchObject({
      refusals: [{ code: 'LIMIT_REACHED', details: { minimum: '10.00' } }],
    });
    expect(await top({ source: 'payment', reference: 'a', amount: '1000.01' })).toMatchObject({
      refusals: [{ code: 'LIMIT_REACHED', details: { maximum: '1000.00' } }],
    });
    expect(await top({ source: 'payment' })).toMatchObject({
      refusals: [{ code: 'INVALID_INPUT', field: ['input', 'reference'] }],
    });
    expect(await top({ organizationId: newId('org') })).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
    for (const amount of ['0', '-1', 'much', '1e3', '0.0000000001', '9000000001']) {
      expect(await top({ amount })).toMatchObject({
        refusals: [{ code: 'INVALID_INPUT', field: ['input', 'amount'] }],
      });
    }
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: 0n });
  });

  it('with the same idempotency key are one', async () => {
    const organizationId = test.directory.organizationNew();
    const top = () =>
      test.run('billing.account.top_up', { organizationId, amount: '20', idempotencyKey: `top-${organizationId}` });
    await Promise.all([top(), top(), top()]);
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('20') });
  });
});

describe('granted credit', () => {
  const grant = (organizationId: string, amount: string, more: object = {}) =>
    test.run('billing.credit.grant', { organizationId, amount, reason: 'welcome', ...more });
  const funds = (organizationId: string) =>
    test.inside(organizationId, (tx) =>
      tx.rows<{ code: string; rest: string }>(
        `select code, ((credits_posted - debits_posted) / 10000000)::int as rest from billing.accounts
         where organization_id = $1 and code in ('prepaid', 'credits_granted') order by priority nulls last`,
        [organizationId],
      ),
    );

  it('is used before prepaid money, by priority, and a top-up resets nothing of it', async () => {
    const place = test.directory.projectNew();
    const { organizationId } = place;
    await test.topUp(organizationId, '5');
    await grant(organizationId, '3', { priority: 20 });
    await grant(organizationId, '1', { priority: 10 });
    await use(place, 3600n);
    await test.topUp(organizationId, '5');
    expect(await funds(organizationId)).toEqual([
      { code: 'credits_granted', rest: 0 },
      { code: 'credits_granted', rest: 150 },
      { code: 'prepaid', rest: 1000 },
    ]);
  });

  it('is held and given back to the grant that it came from', async () => {
    const place = test.directory.projectNew();
    const { organizationId } = place;
    await grant(organizationId, '2');
    await test.topUp(organizationId, '2');
    const reference = newId('alc');
    accepted(await hold(place, '3', reference));
    accepted(
      await test.inside(organizationId, (tx) => test.billing.holds.settle(tx, { reference, amountNanos: nanos('1') })),
    );
    expect(await funds(organizationId)).toEqual([
      { code: 'credits_granted', rest: 100 },
      { code: 'prepaid', rest: 200 },
    ]);
  });

  it('is gone when it expires: at once for spending, to breakage by the job, and what is held of it stays', async () => {
    const place = test.directory.projectNew();
    const { organizationId } = place;
    await grant(organizationId, '4', { expiresAt: new Date(Date.now() + 400) });
    const reference = newId('alc');
    accepted(await hold(place, '1', reference));
    await eventually(async () => (await test.balance(organizationId)).postedNanos === nanos('1'));
    expect(await hold(place, '1')).toMatchObject({ refusals: [{ code: 'INSUFFICIENT_BALANCE' }] });
    await test.runJob('billing.expire_credits');
    accepted(
      await test.inside(organizationId, (tx) =>
        test.billing.holds.settle(tx, { reference, amountNanos: nanos('0.4') }),
      ),
    );
    await test.runJob('billing.expire_credits');
    await test.runJob('billing.expire_credits');
    const breakage = await test.inside(organizationId, (tx) =>
      tx.row(`select credits_posted from billing.accounts where id = $1`, [`${organizationId}/breakage`]),
    );
    expect(breakage).toEqual({ credits_posted: nanos('3.6').toString() });
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: 0n, heldNanos: 0n });
    expect((await test.audit(organizationId)).drift).toEqual([]);
  });

  it('cannot expire before it begins', async () => {
    const past = await grant(test.directory.organizationNew(), '1', { expiresAt: new Date('2020-01-01') });
    expect(past).toMatchObject({ refusals: [{ code: 'INVALID_INPUT', field: ['input', 'expiresAt'] }] });
    expect(await grant(newId('org'), '1')).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
  });
});

describe('budgets', () => {
  const setBudget = (input: object) => test.run('billing.budget.set', { isHardStop: true, ...input });

  it('stop what would exceed them at the project and at the organization, held money included', async () => {
    const organizationId = test.directory.organizationNew();
    const [first, second] = [test.directory.projectNew(organizationId), test.directory.projectNew(organizationId)];
    await test.topUp(organizationId, '100');
    expect(await setBudget({ projectId: first.projectId, amount: '5' })).toMatchObject({ ok: true });
    expect(await setBudget({ organizationId, amount: '8', period: 'total' })).toMatchObject({ ok: true });
    await use(first, 3600n);
    accepted(await hold(first, '2'));
    expect(await hold(first, '0.51')).toMatchObject({
      refusals: [
        {
          code: 'BUDGET_EXCEEDED',
          details: {
            limit: '5.00',
            spent: '2.50',
            held: '2.00',
            available: '0.50',
            scope: { level: 'project', id: first.projectId },
          },
        },
      ],
    });
    accepted(await hold(second, '3.5'));
    expect(await hold(second, '0.01')).toMatchObject({
      refusals: [{ code: 'BUDGET_EXCEEDED', details: { scope: { level: 'organization', id: organizationId } } }],
    });
  });

  it('are never exceeded by concurrent holds', async () => {
    const place = test.directory.projectNew();
    await test.topUp(place.organizationId, '100');
    await setBudget({ projectId: place.projectId, amount: '5' });
    const answers = await Promise.all(Array.from({ length: 16 }, () => hold(place, '1')));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(5);
  });

  it('begin a month at zero without wiping anything: new spend counts in the new month, old spend stays in the old', async () => {
    const place = test.directory.projectNew();
    await test.topUp(place.organizationId, '100');
    await setBudget({ projectId: place.projectId, amount: '3' });
    await setBudget({ projectId: place.projectId, amount: '6', period: 'total' });
    await use(place, 3600n);
    expect(await hold(place, '1')).toMatchObject({ refusals: [{ code: 'BUDGET_EXCEEDED' }] });
    test.time.offset = 40 * 24 * 3600 * 1000;
    await use(place, 3600n);
    expect(await hold(place, '1')).toMatchObject({
      refusals: [{ code: 'BUDGET_EXCEEDED', details: { spent: '2.50', period: 'month' } }],
    });
    accepted(await hold(place, '0.5'));
    expect(await hold(place, '0.51')).toMatchObject({ refusals: [{ code: 'BUDGET_EXCEEDED' }] });
    test.time.offset = 0;
    const row = await test.inside(place.organizationId, (tx) =>
      tx.rows(`select period, credits_posted from billing.accounts where code = 'revenue' order by period`),
    );
    expect(row).toMatchObject([
      { credits_posted: nanos('2.5').toString() },
      { credits_posted: nanos('2.5').toString() },
    ]);
  });

  it('that are soft warn once per threshold and stop nothing; a new amount warns anew', async () => {
    const place = test.directory.projectNew();
    const { organizationId, projectId } = place;
    await test.topUp(organizationId, '100');
    await setBudget({ projectId, amount: '3', isHardStop: false, warnPercents: [50, 80, 100] });
    await use(place, 3600n);
    await test.runJob('billing.watch_budgets');
    await test.runJob('billing.watch_budgets');
    accepted(await hold(place, '50'));
    const warned = async (): Promise<number> =>
      (await told(organizationId)).filter((type) => type === 'billing.budget.threshold_reached').length;
    await eventually(async () => (await warned()) === 2);
    await setBudget({ projectId, amount: '4', isHardStop: false, warnPercents: [50] });
    await test.runJob('billing.watch_budgets');
    await eventually(async () => (await warned()) === 3);
    const budget = await test.inside(organizationId, (tx) => tx.row<{ id: string }>('select id from billing.budgets'));
    expect(await test.run('billing.budget.warn', { budgetId: budget?.id, percent: 50 })).toMatchObject({
      refusals: [{ code: 'INVALID_STATE' }],
    });
    expect(await test.run('billing.budget.warn', { budgetId: newId('bdg'), percent: 50 })).toMatchObject({
      refusals: [{ code: 'NOT_FOUND' }],
    });
  });

  it('refuse a scope that is none or two', async () => {
    const place = test.directory.projectNew();
    const both = { organizationId: place.organizationId, projectId: place.projectId };
    expect(await setBudget({ amount: '1', ...both })).toMatchObject({
      refusals: [{ code: 'INVALID_INPUT', field: ['input', 'projectId'] }],
    });
    expect(await setBudget({ amount: '1' })).toMatchObject({ refusals: [{ code: 'INVALID_INPUT' }] });
    expect(await setBudget({ amount: '1', projectId: newId('prj') })).toMatchObject({
      refusals: [{ code: 'NOT_FOUND' }],
    });
  });
});
