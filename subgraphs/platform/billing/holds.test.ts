import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countStatements } from '../../../kernel/testing/count-statements.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { eventually } from '../../../kernel/testing/test-kernel.js';
import type { HoldRequest, Place } from './contract.js';
import { type BillingFixture, accepted, gpuUsage, nanos, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
let snapshot: string;
beforeAll(async () => {
  test = await startBilling();
  snapshot = await test.price('sku:h200', 'gpu_hour', '2.50');
});
afterAll(() => test.close());

async function funded(amount: string): Promise<Place> {
  const place = test.directory.projectNew();
  await test.topUp(place.organizationId, amount);
  return place;
}

function hold(place: Place, amount: string, reference = newId('alc'), overrides: Partial<HoldRequest> = {}) {
  const request = { place, amountNanos: nanos(amount), reference, reason: 'test', ttlSeconds: 60, ...overrides };
  return test.inside(place.organizationId, (tx) => test.billing.holds.hold(tx, request));
}

const settle = (place: Place, reference: string, amount: string) =>
  test.inside(place.organizationId, (tx) => test.billing.holds.settle(tx, { reference, amountNanos: nanos(amount) }));
const release = (place: Place, reference: string) =>
  test.inside(place.organizationId, (tx) => test.billing.holds.void(tx, reference));

describe('holds', () => {
  it('holds, settles the actual amount and gives the rest back', async () => {
    const place = await funded('100');
    const reference = newId('alc');
    accepted(await hold(place, '30', reference));
    expect(await test.balance(place.organizationId)).toMatchObject({
      postedNanos: nanos('100'),
      heldNanos: nanos('30'),
      availableNanos: nanos('70'),
    });
    expect(accepted(await settle(place, reference, '12.5')).transferId).toMatch(/^ltr_/);
    expect(await test.balance(place.organizationId)).toMatchObject({
      postedNanos: nanos('87.5'),
      heldNanos: 0n,
      availableNanos: nanos('87.5'),
    });
  });

  it('refuses what the balance does not cover, says what is missing, and leaves nothing behind', async () => {
    const place = await funded('10');
    accepted(await hold(place, '4'));
    expect(await hold(place, '6.000000001')).toMatchObject({
      ok: false,
      refusals: [
        {
          code: 'INSUFFICIENT_BALANCE',
          details: { available: '6.00', needed: '6.000000001', scope: { level: 'organization' } },
        },
      ],
    });
    accepted(await hold(place, '6'));
    expect(await test.balance(place.organizationId)).toMatchObject({ availableNanos: 0n });
  });

  it('refuses a hold of an organization that never paid, also when it is the first to spend at once with others', async () => {
    const place = test.directory.projectNew();
    const answers = await Promise.all(Array.from({ length: 6 }, () => hold(place, '1')));
    expect(answers.every((answer) => !answer.ok)).toBe(true);
  });

  it('never lets concurrent holds take more than there is', async () => {
    const place = await funded('10');
    const answers = await Promise.all(Array.from({ length: 24 }, () => hold(place, '1')));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(10);
    expect(await test.balance(place.organizationId)).toMatchObject({ heldNanos: nanos('10'), availableNanos: 0n });
  });

  it('answers the first hold to the same reference, also when both come at once', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    const answers = await Promise.all([
      hold(place, '5', reference),
      hold(place, '5', reference),
      hold(place, '9', reference),
    ]);
    expect(new Set(answers.map((answer) => accepted(answer).holdId)).size).toBe(1);
  });

  it('refuses a closed reference, and one that another organization uses', async () => {
    const [place, other] = [await funded('10'), await funded('10')];
    const reference = newId('alc');
    accepted(await hold(place, '1', reference));
    expect(await hold(other, '1', reference)).toMatchObject({ refusals: [{ code: 'CONFLICT' }] });
    await release(place, reference);
    expect(await hold(place, '1', reference)).toMatchObject({
      refusals: [{ code: 'INVALID_STATE', details: { state: 'voided' } }],
    });
  });

  it('refuses an amount or a time that makes no sense', async () => {
    const place = await funded('10');
    expect(await hold(place, '-1')).toMatchObject({ refusals: [{ code: 'INVALID_INPUT' }] });
    expect(await hold(place, '1', newId('alc'), { ttlSeconds: 0 })).toMatchObject({
      refusals: [{ code: 'INVALID_INPUT' }],
    });
    expect(await settle(place, newId('alc'), '-1')).toMatchObject({ refusals: [{ code: 'INVALID_INPUT' }] });
  });

  it('settles once: a repeat answers the first transfer, another amount is refused', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    accepted(await hold(place, '5', reference));
    const first = accepted(await settle(place, reference, '2'));
    expect(accepted(await settle(place, reference, '2'))).toEqual(first);
    expect(await settle(place, reference, '3')).toMatchObject({ refusals: [{ code: 'CONFLICT' }] });
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('8') });
  });

  it('refuses to settle above the hold, what was given back, and what is unknown', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    accepted(await hold(place, '5', reference));
    expect(await settle(place, reference, '5.01')).toMatchObject({
      refusals: [{ code: 'INVALID_INPUT', details: { held: '5.00' } }],
    });
    await release(place, reference);
    expect(await settle(place, reference, '1')).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
    expect(await settle(place, newId('alc'), '1')).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
  });

  it('does one of both when a settlement and a void race', async () => {
    const place = await funded('1000');
    for (let round = 0; round < 8; round += 1) {
      const reference = newId('alc');
      accepted(await hold(place, '5', reference));
      const before = await test.balance(place.organizationId);
      const [settled] = await Promise.all([settle(place, reference, '3'), release(place, reference)]);
      const after = await test.balance(place.organizationId);
      expect(after.heldNanos).toBe(before.heldNanos - nanos('5'));
      expect(before.postedNanos - after.postedNanos).toBe(settled.ok ? nanos('3') : 0n);
    }
    expect((await test.audit(place.organizationId)).drift).toEqual([]);
  });

  it('voids what is unknown, and what is closed, without a word', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    accepted(await hold(place, '5', reference));
    await settle(place, reference, '5');
    await release(place, reference);
    await release(place, newId('alc'));
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('5') });
  });

  it('gives held money back by itself when nobody came back for it', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    accepted(await hold(place, '5', reference));
    expect(await test.run('billing.hold.expire', { reference })).toMatchObject({
      refusals: [{ code: 'INVALID_STATE' }],
    });
    const forgotten = newId('alc');
    accepted(await hold(place, '2', forgotten, { ttlSeconds: 0.01 }));
    await eventually(async () => {
      await test.runJob('billing.expire_holds');
      return (await test.balance(place.organizationId)).heldNanos === nanos('5');
    });
    expect(await test.run('billing.hold.expire', { reference: forgotten })).toMatchObject({
      refusals: [{ code: 'INVALID_STATE' }],
    });
    expect(await test.run('billing.hold.expire', { reference: newId('alc') })).toMatchObject({
      refusals: [{ code: 'NOT_FOUND' }],
    });
    expect(await settle(place, forgotten, '1')).toMatchObject({
      refusals: [{ code: 'INVALID_STATE', details: { state: 'expired' } }],
    });
  });

  it('takes usage from its hold first, then from the free balance, and counts both when it settles', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    accepted(await hold(place, '4', reference));
    const record = (seconds: bigint) =>
      test.inside(place.organizationId, (tx) =>
        test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: seconds, holdReference: reference })),
      );
    accepted(await record(3600n));
    expect(await test.balance(place.organizationId)).toMatchObject({
      postedNanos: nanos('7.5'),
      heldNanos: nanos('1.5'),
    });
    accepted(await settle(place, reference, '3'));
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('7'), heldNanos: 0n });
    accepted(await record(3600n));
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('4.5'), heldNanos: 0n });
  });

  it('closes itself when usage has spent it, settles then for its own amount only, and never expires', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    accepted(await hold(place, '2.5', reference));
    const event = gpuUsage(place, snapshot, { holdReference: reference });
    accepted(await test.inside(place.organizationId, (tx) => test.billing.usage.record(tx, event)));
    const state = () =>
      test.inside(place.organizationId, (tx) =>
        tx.row('select state, state_reason from billing.holds where reference = $1', [reference]),
      );
    expect(await state()).toEqual({ state: 'settled', state_reason: 'spent by usage' });
    await release(place, reference);
    expect(accepted(await settle(place, reference, '2.5')).transferId).toMatch(/^ltr_/);
    expect(await settle(place, reference, '2')).toMatchObject({ refusals: [{ code: 'CONFLICT' }] });
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('7.5'), heldNanos: 0n });
  });

  it('undoes a hold with the transaction that it was made in', async () => {
    const place = await funded('10');
    const request = { place, amountNanos: nanos('5'), reference: newId('alc'), reason: 'test', ttlSeconds: 60 };
    const crash = test.inside(place.organizationId, async (tx) => {
      accepted(await test.billing.holds.hold(tx, request));
      throw new Error('crash');
    });
    await expect(crash).rejects.toThrow('crash');
    expect(await test.balance(place.organizationId)).toMatchObject({ heldNanos: 0n });
  });

  it('costs one statement to hold, record, settle and void', async () => {
    const place = await funded('100');
    const reference = newId('alc');
    const request = { place, amountNanos: nanos('5'), reference, reason: 'test', ttlSeconds: 60 };
    const { holds, usage, prices } = test.billing;
    await test.inside(place.organizationId, async (tx) => {
      await prices.byId(tx, snapshot);
      const { counted, statements } = countStatements(tx);
      const cost = async (work: () => Promise<unknown>): Promise<number> => {
        const before = statements();
        await work();
        return statements() - before;
      };
      expect(await cost(() => holds.hold(counted, request))).toBe(1);
      const event = gpuUsage(place, snapshot, { holdReference: reference });
      expect(await cost(() => usage.record(counted, event))).toBe(1);
      expect(await cost(() => holds.settle(counted, { reference, amountNanos: nanos('3') }))).toBe(1);
      expect(await cost(() => holds.void(counted, reference))).toBe(1);
    });
  });
});
