import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Place } from './contract.js';
import { type BillingFixture, accepted, gpuUsage, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
let snapshot: string;
beforeAll(async () => {
  test = await startBilling();
  // A cent per GPU-second, so that amounts are whole cents.
  snapshot = await test.price('sku:cent', 'gpu_hour', '36');
});
afterAll(() => test.close());

/** The whole ledger in twenty lines: cents, one organization. */
class ModelLedger {
  funds = 0;
  owed = 0;
  readonly holds = new Map<string, number>();
  get held(): number {
    return [...this.holds.values()].reduce((sum, amount) => sum + amount, 0);
  }
  topUp(amount: number): void {
    this.funds += amount;
    this.repay();
  }
  repay(): void {
    const paid = Math.min(this.owed, this.funds - this.held);
    this.funds -= paid;
    this.owed -= paid;
  }
  hold(reference: string, amount: number): boolean {
    const isCovered = this.funds - this.held - this.owed >= amount;
    if (isCovered) this.holds.set(reference, amount);
    return isCovered;
  }
  spend(amount: number, reference?: string): void {
    const fromHold = Math.min(amount, this.holds.get(reference ?? '') ?? 0);
    if (fromHold > 0) this.holds.set(reference ?? '', (this.holds.get(reference ?? '') ?? 0) - fromHold);
    const fromFunds = Math.min(amount - fromHold, this.funds - fromHold - this.held);
    this.funds -= fromHold + fromFunds;
    this.owed += amount - fromHold - fromFunds;
  }
  release(reference: string): void {
    this.holds.delete(reference);
    this.repay();
  }
}

type Step =
  | { readonly kind: 'topUp' | 'spend' | 'hold'; readonly cents: number }
  | { readonly kind: 'settle' | 'void' | 'spendHeld'; readonly cents: number; readonly pick: number };

const cents = fc.integer({ min: 1, max: 500 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('topUp' as const, 'spend' as const, 'hold' as const, 'hold' as const), cents }),
  fc.record({
    kind: fc.constantFrom('settle' as const, 'void' as const, 'spendHeld' as const),
    cents,
    pick: fc.nat(20),
  }),
);

const money = (amount: number): bigint => BigInt(amount) * 10_000_000n;

describe('the ledger against a model', () => {
  const usage = (place: Place, amount: number, holdReference?: string) =>
    test.inside(place.organizationId, (tx) =>
      test.billing.usage.record(
        tx,
        gpuUsage(place, snapshot, {
          baseQuantity: BigInt(amount),
          ...(holdReference === undefined ? {} : { holdReference }),
        }),
      ),
    );
  const hold = (place: Place, reference: string, amount: number) =>
    test.inside(place.organizationId, (tx) =>
      test.billing.holds.hold(tx, { place, amountNanos: money(amount), reference, reason: 'test', ttlSeconds: 600 }),
    );

  async function conserved(organizationId: string): Promise<void> {
    const { drift, sums, units } = await test.audit(organizationId);
    expect(drift).toEqual([]);
    expect(sums.debitsPosted).toBe(sums.creditsPosted);
    expect(sums.debitsPending).toBe(sums.creditsPending);
    for (const unit of units)
      expect(unit).toMatchObject({ ratedNanos: unit.ledgerNanos, acceptedBaseQuantity: unit.ratedBaseQuantity });
  }

  /** Does the same to both; false when one refused what the other did. */
  async function apply(place: Place, model: ModelLedger, references: string[], move: Step): Promise<boolean> {
    const reference = 'pick' in move ? references[move.pick % Math.max(references.length, 1)] : undefined;
    if (move.kind === 'topUp') {
      await test.topUp(place.organizationId, (move.cents / 100).toFixed(2));
      model.topUp(move.cents);
    } else if (move.kind === 'spend' || (move.kind === 'spendHeld' && reference === undefined)) {
      accepted(await usage(place, move.cents));
      model.spend(move.cents);
    } else if (move.kind === 'hold') {
      const fresh = newId('alc');
      const held = await hold(place, fresh, move.cents);
      const isHeld = model.hold(fresh, move.cents);
      if (isHeld) references.push(fresh);
      return held.ok === isHeld;
    } else if (reference !== undefined && move.kind === 'spendHeld') {
      accepted(await usage(place, move.cents, reference));
      model.spend(move.cents, reference);
    } else if (reference !== undefined && move.kind === 'settle') {
      const amount = Math.min(move.cents, model.holds.get(reference) ?? 0);
      const spent = await test.inside(place.organizationId, (tx) =>
        tx.row<{ cents: string }>(
          `select coalesce(sum(t.amount_nanos), 0) / 10000000 as cents from billing.transfers t join billing.holds h on h.id = t.hold_id where h.reference = $1 and t.kind = 'post'`,
          [reference],
        ),
      );
      const wasOpen = model.holds.has(reference);
      const total = amount + Math.trunc(Number(spent?.cents ?? 0));
      const settled = await test.inside(place.organizationId, (tx) =>
        test.billing.holds.settle(tx, { reference, amountNanos: money(total) }),
      );
      if (wasOpen) {
        accepted(settled);
        model.spend(amount, reference);
        model.release(reference);
      }
    } else if (reference !== undefined) {
      await test.inside(place.organizationId, (tx) => test.billing.holds.void(tx, reference));
      model.release(reference);
    }
    return true;
  }

  it('agrees with a model of twenty lines, step by step', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const place = test.directory.projectNew();
        const model = new ModelLedger();
        const references: string[] = [];
        await test.topUp(place.organizationId, '5.00');
        model.topUp(500);
        for (const move of steps) {
          expect(await apply(place, model, references, move)).toBe(true);
          expect(await test.balance(place.organizationId)).toMatchObject({
            postedNanos: money(model.funds - model.owed),
            heldNanos: money(model.held),
          });
        }
        await conserved(place.organizationId);
      }),
      { numRuns: 12 },
    );
  }, 90_000);

  it('never overspends and always sums to zero, whatever happens at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40 }),
        fc.integer({ min: 0, max: 1000 }),
        async (steps, start) => {
          const place = test.directory.projectNew();
          const { organizationId } = place;
          await test.topUp(organizationId, (start / 100 + 0.01).toFixed(2));
          const references = Array.from({ length: 4 }, () => newId('alc'));
          let [paid, spent] = [start + 1, 0];
          await Promise.all(
            steps.map(async (move) => {
              const reference =
                references['pick' in move ? move.pick % references.length : move.cents % references.length] ?? '';
              if (move.kind === 'topUp') {
                await test.topUp(organizationId, (move.cents / 100).toFixed(2));
                paid += move.cents;
              } else if (move.kind === 'spend' || move.kind === 'spendHeld') {
                accepted(await usage(place, move.cents, move.kind === 'spend' ? undefined : reference));
                spent += move.cents;
              } else if (move.kind === 'hold') await hold(place, reference, move.cents);
              else if (move.kind === 'void')
                await test.inside(organizationId, (tx) => test.billing.holds.void(tx, reference));
              else
                await test.inside(organizationId, (tx) =>
                  test.billing.holds.settle(tx, { reference, amountNanos: 0n }),
                );
            }),
          );
          const balance = await test.balance(organizationId);
          const settled = await test.inside(organizationId, (tx) =>
            tx.row<{ sum: string }>(
              `select coalesce(sum(amount_nanos), 0)::text as sum from billing.transfers where organization_id = $1 and code = 'settlement'`,
              [organizationId],
            ),
          );
          expect(balance.postedNanos).toBe(money(paid - spent) - BigInt(settled?.sum ?? 0));
          await conserved(organizationId);
        },
      ),
      { numRuns: 10 },
    );
  }, 90_000);
});
