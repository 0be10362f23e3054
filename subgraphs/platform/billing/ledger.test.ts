import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { urlForRole } from '../../../kernel/database/database.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Place } from './contract.js';
import { type BillingFixture, accepted, gpuUsage, nanos, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
let snapshot: string;
beforeAll(async () => {
  test = await startBilling();
  // A cent per GPU-second, so that amounts are whole cents.
  snapshot = await test.price('sku:cent', 'gpu_hour', '36');
});
afterAll(() => test.close());

async function busy(): Promise<Place> {
  const place = test.directory.projectNew();
  await test.topUp(place.organizationId, '10');
  accepted(await test.inside(place.organizationId, (tx) => test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: 100n }))));
  return place;
}

const HISTORY = ['transfers', 'usage_records', 'rated_lines', 'prices', 'price_snapshots'];

describe('the ledger', () => {
  it('is append-only to the roles that serve: update, delete and truncate are refused by grant', async () => {
    await busy();
    for (const table of HISTORY) {
      const column = table === 'rated_lines' ? 'usage_id' : 'id';
      for (const statement of [`update billing.${table} set ${column} = ${column}`, `delete from billing.${table}`, `truncate billing.${table} cascade`]) {
        for (const isolation of [[newId('org')], 'system'] as const) {
          await expect(test.kernel.database.transaction(isolation, (tx) => tx.execute(statement)), `${table}: ${statement}`).rejects.toMatchObject({ code: '42501' });
        }
      }
    }
  });

  it('is append-only to the owner of its tables too, by trigger', async () => {
    await busy();
    const owner = new pg.Client({ connectionString: urlForRole(test.database.superuserUrl, 'cp_owner', null) });
    await owner.connect();
    try {
      for (const table of HISTORY) {
        const column = table === 'rated_lines' ? 'usage_id' : 'id';
        await expect(owner.query(`update billing.${table} set ${column} = ${column}`), table).rejects.toThrow('append-only');
        await expect(owner.query(`delete from billing.${table}`), table).rejects.toThrow('append-only');
        await expect(owner.query(`truncate billing.${table} cascade`), table).rejects.toThrow('append-only');
      }
    } finally {
      await owner.end();
    }
  });

  it('lets no role write totals, or make accounts that begin with some', async () => {
    const { organizationId } = await busy();
    const denied = { code: '42501' };
    for (const isolation of [[organizationId], 'system'] as const) {
      const run = (sql: string) => test.kernel.database.transaction(isolation, (tx) => tx.execute(sql));
      await expect(run('update billing.accounts set credits_posted = credits_posted + 1')).rejects.toMatchObject(denied);
      await expect(run(`insert into billing.accounts (id, organization_id, code, credits_posted) values ('x', '${organizationId}', 'cash', 5)`)).rejects.toMatchObject(denied);
    }
  });

  it('refuses a transfer that overdraws, in its own statement, whoever writes it', async () => {
    const { organizationId } = await busy();
    const write = (debit: string, credit: string) =>
      test.inside(organizationId, (tx) =>
        tx.execute(
          `insert into billing.transfers (id, organization_id, kind, code, debit_account_id, credit_account_id, amount_nanos, created_at)
           values ($1, $2, 'single', 'usage', $3, $4, 100000000000, now())`,
          [newId('ltr'), organizationId, debit, credit],
        ),
      );
    await expect(write(`${organizationId}/prepaid`, `${organizationId}/cash`)).rejects.toThrow('accounts_floor');
    const other = await busy();
    await expect(write(`${organizationId}/cash`, `${other.organizationId}/prepaid`)).rejects.toThrow('its organization does not have');
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('9') });
    expect(await test.balance(other.organizationId)).toMatchObject({ postedNanos: nanos('9') });
  });

  it('hides every organization from the others', async () => {
    const { organizationId } = await busy();
    const stranger = newId('org');
    for (const table of ['billing_accounts', 'accounts', 'transfers', 'usage_records', 'rated_lines', 'holds', 'budgets']) {
      const rows = await test.inside(stranger, (tx) => tx.rows(`select 1 from billing.${table} where organization_id = $1`, [organizationId]));
      expect(rows, table).toEqual([]);
    }
    const credit = test.inside(stranger, (tx) => tx.rows('select billing.lock_money($1)', [organizationId]));
    await expect(credit).rejects.toMatchObject({ code: '42501' });
  });

  it('takes a charge back once, by a transfer that names it', async () => {
    const place = await busy();
    const { organizationId } = place;
    const charge = await test.inside(organizationId, (tx) => tx.row<{ id: string }>(`select id from billing.transfers where code = 'usage'`));
    const correct = (transferId: string) => test.run('billing.transfer.correct', { transferId, reason: 'billed in error' });
    expect(await correct(charge?.id ?? '')).toMatchObject({ ok: true });
    expect(await correct(charge?.id ?? '')).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('10') });
    const topUp = await test.inside(organizationId, (tx) => tx.row<{ id: string }>(`select id from billing.transfers where code = 'top_up'`));
    expect(await correct(topUp?.id ?? '')).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
    expect(await correct(newId('ltr'))).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
    const { drift, units } = await test.audit(organizationId);
    expect(drift).toEqual([]);
    expect(units).toMatchObject([{ ratedNanos: nanos('1').toString(), ledgerNanos: nanos('1').toString() }]);
  });

  it('gives what was owed and is taken back to the free funds', async () => {
    const place = test.directory.projectNew();
    const { organizationId } = place;
    accepted(await test.inside(organizationId, (tx) => test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: 300n }))));
    await test.topUp(organizationId, '5');
    const charge = await test.inside(organizationId, (tx) => tx.row<{ id: string }>(`select id from billing.transfers where code = 'usage'`));
    expect(await test.run('billing.transfer.correct', { transferId: charge?.id, reason: 'billed in error' })).toMatchObject({ ok: true });
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('5'), availableNanos: nanos('5') });
  });

  it('leaves nothing half done when the connection is lost in the middle', async () => {
    const place = await busy();
    const before = await test.audit(place.organizationId);
    const lost = test.inside(place.organizationId, async (tx) => {
      accepted(await test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: 50n })));
      const row = await tx.row<{ pid: number }>('select pg_backend_pid() as pid');
      const killer = new pg.Client({ connectionString: test.database.superuserUrl });
      await killer.connect();
      await killer.query('select pg_terminate_backend($1)', [row?.pid]);
      await killer.end();
      await tx.execute('select 1');
    });
    await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await test.audit(place.organizationId)).toEqual(before);
  });

  it('notices, and says, when totals are not the sum of their transfers', async () => {
    const { organizationId } = await busy();
    const superuser = new pg.Client({ connectionString: test.database.superuserUrl });
    await superuser.connect();
    await superuser.query(`update billing.accounts set debits_posted = debits_posted + 1 where id = $1`, [`${organizationId}/cash`]);
    await test.runJob('billing.reconcile_ledgers');
    expect(test.registry.reports.at(-1)).toMatchObject({ componentId: 'billing-ledger', health: 'degraded' });
    expect(await test.audit(organizationId)).toMatchObject({ drift: [`${organizationId}/cash`] });
    await superuser.query(`update billing.accounts set debits_posted = debits_posted - 1 where id = $1`, [`${organizationId}/cash`]);
    await superuser.end();
    await test.runJob('billing.reconcile_ledgers');
    expect(test.registry.reports.at(-1)).toMatchObject({ health: 'ready' });
  });
});

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
  fc.record({ kind: fc.constantFrom('settle' as const, 'void' as const, 'spendHeld' as const), cents, pick: fc.nat(20) }),
);

const money = (amount: number): bigint => BigInt(amount) * 10_000_000n;

describe('the ledger against a model', () => {
  const usage = (place: Place, amount: number, holdReference?: string) =>
    test.inside(place.organizationId, (tx) =>
      test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: BigInt(amount), ...(holdReference === undefined ? {} : { holdReference }) })),
    );
  const hold = (place: Place, reference: string, amount: number) =>
    test.inside(place.organizationId, (tx) => test.billing.holds.hold(tx, { place, amountNanos: money(amount), reference, reason: 'test', ttlSeconds: 600 }));

  async function conserved(organizationId: string): Promise<void> {
    const { drift, sums, units } = await test.audit(organizationId);
    expect(drift).toEqual([]);
    expect(sums.debitsPosted).toBe(sums.creditsPosted);
    expect(sums.debitsPending).toBe(sums.creditsPending);
    for (const unit of units) expect(unit).toMatchObject({ ratedNanos: unit.ledgerNanos, acceptedBaseQuantity: unit.ratedBaseQuantity });
  }

  async function apply(place: Place, model: ModelLedger, references: string[], move: Step): Promise<void> {
    const reference = 'pick' in move ? references[move.pick % Math.max(references.length, 1)] : undefined;
    if (move.kind === 'topUp') {
      await test.topUp(place.organizationId, (move.cents / 100).toFixed(2));
      model.topUp(move.cents);
    } else if (move.kind === 'spend' || (move.kind === 'spendHeld' && reference === undefined)) {
      accepted(await usage(place, move.cents));
      model.spend(move.cents);
    } else if (move.kind === 'hold') {
      const fresh = newId('alc');
      expect((await hold(place, fresh, move.cents)).ok).toBe(model.hold(fresh, move.cents));
      if (model.holds.has(fresh)) references.push(fresh);
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
      const settled = await test.inside(place.organizationId, (tx) => test.billing.holds.settle(tx, { reference, amountNanos: money(total) }));
      if (wasOpen) {
        accepted(settled);
        model.spend(amount, reference);
        model.release(reference);
      }
    } else if (reference !== undefined) {
      await test.inside(place.organizationId, (tx) => test.billing.holds.void(tx, reference));
      model.release(reference);
    }
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
          await apply(place, model, references, move);
          expect(await test.balance(place.organizationId)).toMatchObject({ postedNanos: money(model.funds - model.owed), heldNanos: money(model.held) });
        }
        await conserved(place.organizationId);
      }),
      { numRuns: 12 },
    );
  }, 90_000);

  it('never overspends and always sums to zero, whatever happens at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), fc.integer({ min: 0, max: 1000 }), async (steps, start) => {
        const place = test.directory.projectNew();
        const { organizationId } = place;
        await test.topUp(organizationId, (start / 100 + 0.01).toFixed(2));
        const references = Array.from({ length: 4 }, () => newId('alc'));
        let [paid, spent] = [start + 1, 0];
        await Promise.all(
          steps.map(async (move) => {
            const reference = references['pick' in move ? move.pick % references.length : move.cents % references.length] ?? '';
            if (move.kind === 'topUp') {
              await test.topUp(organizationId, (move.cents / 100).toFixed(2));
              paid += move.cents;
            } else if (move.kind === 'spend' || move.kind === 'spendHeld') {
              accepted(await usage(place, move.cents, move.kind === 'spend' ? undefined : reference));
              spent += move.cents;
            } else if (move.kind === 'hold') await hold(place, reference, move.cents);
            else if (move.kind === 'void') await test.inside(organizationId, (tx) => test.billing.holds.void(tx, reference));
            else await test.inside(organizationId, (tx) => test.billing.holds.settle(tx, { reference, amountNanos: 0n }));
          }),
        );
        const balance = await test.balance(organizationId);
        const settled = await test.inside(organizationId, (tx) =>
          tx.row<{ sum: string }>(`select coalesce(sum(amount_nanos), 0)::text as sum from billing.transfers where organization_id = $1 and code = 'settlement'`, [organizationId]),
        );
        expect(balance.postedNanos).toBe(money(paid - spent) - BigInt(settled?.sum ?? 0));
        await conserved(organizationId);
      }),
      { numRuns: 10 },
    );
  }, 90_000);
});
