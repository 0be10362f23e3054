import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Place, UsageEvent } from './contract.js';
import { rate } from './domain/price.js';
import { type BillingFixture, accepted, gpuUsage, nanos, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
let snapshot: string;
beforeAll(async () => {
  test = await startBilling();
  snapshot = await test.price('sku:h200', 'gpu_hour', '2.50');
});
afterAll(() => test.close());

const record = (event: UsageEvent) =>
  test.inside(event.place.organizationId, (tx) => test.billing.usage.record(tx, event));

async function funded(amount: string): Promise<Place> {
  const place = test.directory.projectNew();
  await test.topUp(place.organizationId, amount);
  return place;
}

describe('usage', () => {
  it('is accepted, rated with the frozen price, and posted in double entry', async () => {
    const place = await funded('10');
    const event = gpuUsage(place, snapshot, { baseQuantity: 1800n });
    const { usageId, amountNanos, isDuplicate } = accepted(await record(event));
    expect({ amountNanos, isDuplicate }).toEqual({ amountNanos: nanos('1.25'), isDuplicate: false });
    const { rows, line } = await test.inside(place.organizationId, async (tx) => ({
      rows: await tx.rows(
        'select code, kind, debit_account_id, credit_account_id, amount_nanos from billing.transfers where usage_id = $1',
        [usageId],
      ),
      line: await tx.row(
        'select l.price_snapshot_hash = s.hash as is_linked from billing.rated_lines l join billing.price_snapshots s on s.id = l.price_snapshot_id where usage_id = $1',
        [usageId],
      ),
    }));
    const organization = place.organizationId;
    expect(rows).toEqual([
      {
        code: 'usage',
        kind: 'single',
        debit_account_id: `${organization}/prepaid`,
        credit_account_id: `${organization}/revenue/${place.projectId}/${new Date().toISOString().slice(0, 7)}`,
        amount_nanos: nanos('1.25'),
      },
    ]);
    expect(line).toEqual({ is_linked: true });
  });

  it('counts an event once, however often and however concurrently it is delivered', async () => {
    const place = await funded('100');
    const event = gpuUsage(place, snapshot);
    const answers = (await Promise.all(Array.from({ length: 8 }, () => record(event)))).map(accepted);
    expect(answers.filter((answer) => !answer.isDuplicate)).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.usageId)).size).toBe(1);
    expect(answers.every((answer) => answer.amountNanos === nanos('2.5'))).toBe(true);
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('97.5') });
  });

  it('refuses the same id with another timestamp, quantity or place: nothing is billed twice or for somebody else', async () => {
    const place = await funded('100');
    const event = gpuUsage(place, snapshot);
    accepted(await record(event));
    const later = { ...event, windowEnd: new Date('2026-11-20T11:00:01Z') };
    const more = { ...event, baseQuantity: 7200n };
    const elsewhere = { ...event, place: await funded('100') };
    for (const other of [later, more, elsewhere]) {
      expect(await record(other)).toMatchObject({ refusals: [{ code: 'IDEMPOTENCY_CONFLICT' }] });
    }
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('97.5') });
    expect(await test.balance(elsewhere.place.organizationId)).toMatchObject({ postedNanos: nanos('100') });
  });

  it('of a retry after a crash is billed: a claim of the id without the write does not exist', async () => {
    const place = await funded('100');
    const event = gpuUsage(place, snapshot);
    const crash = test.inside(place.organizationId, async (tx) => {
      accepted(await test.billing.usage.record(tx, event));
      throw new Error('crash');
    });
    await expect(crash).rejects.toThrow('crash');
    expect(accepted(await record(event))).toMatchObject({ isDuplicate: false });
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('97.5') });
  });

  it('in an unregistered unit, or of an inactive product, is refused', async () => {
    const place = await funded('100');
    const refused = (overrides: Partial<UsageEvent>) => record(gpuUsage(place, snapshot, overrides));
    expect(await refused({ unit: 'gpu_fortnight' })).toMatchObject({
      refusals: [{ code: 'NOT_REGISTERED', field: ['unit'] }],
    });
    expect(await refused({ unit: 'input_token' })).toMatchObject({
      refusals: [{ code: 'NOT_REGISTERED', field: ['unit'] }],
    });
    expect(await refused({ productId: 'unheard-of' })).toMatchObject({
      refusals: [{ code: 'NOT_REGISTERED', field: ['productId'] }],
    });
    test.registry.inactive.add('gpu-allocations');
    expect(await refused({})).toMatchObject({ refusals: [{ code: 'NOT_REGISTERED' }] });
    test.registry.inactive.clear();
  });

  it('that makes no sense is refused, with the field at fault', async () => {
    const place = await funded('100');
    const field = async (overrides: Partial<UsageEvent>): Promise<string> => {
      const { allocationId, ...event } = gpuUsage(place, snapshot, overrides);
      const outcome = await record(
        'allocationId' in overrides && overrides.allocationId === undefined
          ? event
          : { ...event, allocationId: allocationId ?? '' },
      );
      if (outcome.ok) throw new Error('accepted');
      const [refusal] = outcome.refusals;
      return `${refusal?.code} ${refusal?.field?.join('.')}`;
    };
    expect(await field({ baseQuantity: -1n })).toBe('INVALID_INPUT baseQuantity');
    expect(await field({ baseQuantity: 2n ** 64n })).toBe('INVALID_INPUT baseQuantity');
    expect(await field({ baseQuantity: 2n ** 63n - 1n })).toBe('INVALID_INPUT baseQuantity');
    expect(await field({ windowEnd: new Date('2026-11-20T09:00:00Z') })).toBe('INVALID_INPUT windowEnd');
    expect(await field({ windowEnd: new Date('nonsense') })).toBe('INVALID_INPUT windowStart');
    expect(await field({ id: '' })).toBe('INVALID_INPUT id');
    expect(await field({ source: 'app_runtime' })).toBe('INVALID_INPUT appInstanceId');
    expect(await record({ ...gpuUsage(place, snapshot), allocationId: undefined })).toMatchObject({
      refusals: [{ field: ['allocationId'] }],
    });
    expect(await record(gpuUsage(place, newId('psn')))).toMatchObject({ refusals: [{ code: 'PRICE_UNKNOWN' }] });
    const appPrice = await test.price('app:jupyter', 'app_runtime_hour', '1');
    expect(await record(gpuUsage(place, appPrice))).toMatchObject({
      refusals: [{ code: 'INVALID_INPUT', field: ['unit'] }],
    });
  });

  it("cannot be rated with another organization's negotiated price", async () => {
    const [mine, theirs] = [await funded('100'), await funded('100')];
    const negotiated = await test.price('sku:h200', 'gpu_hour', '0.01', theirs.organizationId);
    expect(await record(gpuUsage(mine, negotiated))).toMatchObject({ refusals: [{ code: 'PRICE_UNKNOWN' }] });
    expect(accepted(await record(gpuUsage(theirs, negotiated))).amountNanos).toBe(nanos('0.01'));
  });

  it('of what already ran posts beyond the balance, is owed, and the next money pays it first', async () => {
    const place = await funded('2');
    accepted(await record(gpuUsage(place, snapshot)));
    expect(await test.balance(place.organizationId)).toMatchObject({
      postedNanos: nanos('-0.5'),
      availableNanos: nanos('-0.5'),
      state: 'depleted',
    });
    const request = { place, amountNanos: 1n, reference: newId('alc'), reason: 'test', ttlSeconds: 60 };
    expect(await test.inside(place.organizationId, (tx) => test.billing.holds.hold(tx, request))).toMatchObject({
      refusals: [{ code: 'INSUFFICIENT_BALANCE' }],
    });
    await test.topUp(place.organizationId, '10');
    expect(await test.balance(place.organizationId)).toMatchObject({
      postedNanos: nanos('9.5'),
      availableNanos: nanos('9.5'),
    });
    const owed = await test.inside(place.organizationId, (tx) =>
      tx.row('select debits_posted - credits_posted as owed from billing.accounts where id = $1', [
        `${place.organizationId}/receivable`,
      ]),
    );
    expect(owed).toEqual({ owed: '0' });
  });

  it('that ran past a hold never takes what another hold keeps', async () => {
    const place = await funded('10');
    const reference = newId('alc');
    const request = { place, amountNanos: nanos('9'), reference, reason: 'test', ttlSeconds: 60 };
    accepted(await test.inside(place.organizationId, (tx) => test.billing.holds.hold(tx, request)));
    accepted(await record(gpuUsage(place, snapshot)));
    accepted(
      await test.inside(place.organizationId, (tx) =>
        test.billing.holds.settle(tx, { reference, amountNanos: nanos('9') }),
      ),
    );
    expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: nanos('-1.5') });
    expect((await test.audit(place.organizationId)).drift).toEqual([]);
  });

  it('of nothing costs nothing and is still on record', async () => {
    const place = await funded('1');
    expect(accepted(await record(gpuUsage(place, snapshot, { baseQuantity: 0n }))).amountNanos).toBe(0n);
    const { units } = await test.audit(place.organizationId);
    expect(units).toMatchObject([{ unit: 'gpu_hour', records: 1n, ratedNanos: '0', ledgerNanos: '0' }]);
  });
});

describe('rating', () => {
  it('is exact, and rounds half to even at a billionth', () => {
    expect(rate(1n, { basePerUnit: 2n, unitPriceNanos: 1n })).toBe(0n);
    expect(rate(3n, { basePerUnit: 2n, unitPriceNanos: 1n })).toBe(2n);
    expect(rate(1n, { basePerUnit: 3600n, unitPriceNanos: nanos('2.5') })).toBe(694_444n);
    expect(rate(2n ** 62n, { basePerUnit: 2n ** 62n, unitPriceNanos: 7n })).toBe(7n);
  });

  it('is never off by more than half a billionth, never negative, and grows with the quantity', () => {
    const big = fc.bigInt({ min: 0n, max: 10n ** 15n });
    fc.assert(
      fc.property(big, big, fc.bigInt({ min: 1n, max: 10n ** 7n }), (quantity, unitPriceNanos, basePerUnit) => {
        const amount = rate(quantity, { basePerUnit, unitPriceNanos });
        const error = amount * basePerUnit - quantity * unitPriceNanos;
        expect(amount >= 0n && 2n * (error < 0n ? -error : error) <= basePerUnit).toBe(true);
        expect(rate(quantity + 1n, { basePerUnit, unitPriceNanos }) >= amount).toBe(true);
      }),
    );
  });

  it('can be replayed: every line re-rated from its raw quantity and frozen price is the same', async () => {
    const place = await funded('1000');
    for (const quantity of [1n, 7n, 59n, 3601n, 86_399n])
      accepted(await record(gpuUsage(place, snapshot, { baseQuantity: quantity })));
    const lines = await test.inside(place.organizationId, (tx) =>
      tx.rows<{ quantity: bigint; base: bigint; price: bigint; amount: bigint }>(
        `select u.base_quantity as quantity, l.base_per_unit as base, s.unit_price_nanos as price, l.amount_nanos as amount
         from billing.usage_records u join billing.rated_lines l on l.usage_id = u.id join billing.price_snapshots s on s.hash = l.price_snapshot_hash`,
      ),
    );
    expect(lines).toHaveLength(5);
    for (const line of lines)
      expect(rate(line.quantity, { basePerUnit: line.base, unitPriceNanos: line.price })).toBe(line.amount);
  });
});
