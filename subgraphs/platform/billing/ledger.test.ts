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
  accepted(
    await test.inside(place.organizationId, (tx) =>
      test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: 100n })),
    ),
  );
  return place;
}

async function asSuperuser(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: test.database.superuserUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const HISTORY = ['transfers', 'usage_records', 'rated_lines', 'prices', 'price_snapshots'];

describe('the ledger', () => {
  it('is append-only to the roles that serve: update, delete and truncate are refused by grant', async () => {
    await busy();
    for (const table of HISTORY) {
      const column = table === 'rated_lines' ? 'usage_id' : 'id';
      for (const statement of [
        `update billing.${table} set ${column} = ${column}`,
        `delete from billing.${table}`,
        `truncate billing.${table} cascade`,
      ]) {
        for (const isolation of [[newId('org')], 'system'] as const) {
          await expect(
            test.kernel.database.transaction(isolation, (tx) => tx.execute(statement)),
          ).rejects.toMatchObject({ code: '42501' });
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
        await expect(owner.query(`update billing.${table} set ${column} = ${column}`)).rejects.toThrow('append-only');
        await expect(owner.query(`delete from billing.${table}`)).rejects.toThrow('append-only');
        await expect(owner.query(`truncate billing.${table} cascade`)).rejects.toThrow('append-only');
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
      await expect(run('update billing.accounts set credits_posted = credits_posted + 1')).rejects.toMatchObject(
        denied,
      );
      await expect(
        run(
          `insert into billing.accounts (id, organization_id, code, credits_posted) values ('x', '${organizationId}', 'cash', 5)`,
        ),
      ).rejects.toMatchObject(denied);
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
    await expect(write(`${organizationId}/cash`, `${other.organizationId}/prepaid`)).rejects.toThrow(
      'its organization does not have',
    );
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('9') });
    expect(await test.balance(other.organizationId)).toMatchObject({ postedNanos: nanos('9') });
  });

  it('hides every organization from the others', async () => {
    const { organizationId } = await busy();
    const stranger = newId('org');
    for (const table of [
      'billing_accounts',
      'accounts',
      'transfers',
      'usage_records',
      'rated_lines',
      'holds',
      'budgets',
    ]) {
      const rows = await test.inside(stranger, (tx) =>
        tx.rows(`select 1 from billing.${table} where organization_id = $1`, [organizationId]),
      );
      expect(rows).toEqual([]);
    }
    const credit = test.inside(stranger, (tx) => tx.rows('select billing.lock_money($1)', [organizationId]));
    await expect(credit).rejects.toMatchObject({ code: '42501' });
  });

  it('takes a charge back once, by a transfer that names it', async () => {
    const place = await busy();
    const { organizationId } = place;
    const charge = await test.inside(organizationId, (tx) =>
      tx.row<{ id: string }>(`select id from billing.transfers where code = 'usage'`),
    );
    const correct = (transferId: string) =>
      test.run('billing.transfer.correct', { transferId, reason: 'billed in error' });
    expect(await correct(charge?.id ?? '')).toMatchObject({ ok: true });
    expect(await correct(charge?.id ?? '')).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
    expect(await test.balance(organizationId)).toMatchObject({ postedNanos: nanos('10') });
    const topUp = await test.inside(organizationId, (tx) =>
      tx.row<{ id: string }>(`select id from billing.transfers where code = 'top_up'`),
    );
    expect(await correct(topUp?.id ?? '')).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
    expect(await correct(newId('ltr'))).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
    const { drift, units } = await test.audit(organizationId);
    expect(drift).toEqual([]);
    expect(units).toMatchObject([{ ratedNanos: nanos('1').toString(), ledgerNanos: nanos('1').toString() }]);
  });

  it('gives what was owed and is taken back to the free funds', async () => {
    const place = test.directory.projectNew();
    const { organizationId } = place;
    accepted(
      await test.inside(organizationId, (tx) =>
        test.billing.usage.record(tx, gpuUsage(place, snapshot, { baseQuantity: 300n })),
      ),
    );
    await test.topUp(organizationId, '5');
    const charge = await test.inside(organizationId, (tx) =>
      tx.row<{ id: string }>(`select id from billing.transfers where code = 'usage'`),
    );
    expect(
      await test.run('billing.transfer.correct', { transferId: charge?.id, reason: 'billed in error' }),
    ).toMatchObject({ ok: true });
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

  it('leaves nothing half done wherever it fails: after each row that a movement writes', async () => {
    const place = await busy();
    const { organizationId } = place;
    await test.topUp(organizationId, '100');
    const request = { place, amountNanos: nanos('1'), reference: newId('alc'), reason: 'test', ttlSeconds: 60 };
    const event = gpuUsage(place, snapshot, { baseQuantity: 5000n });
    const movements = [
      {
        tables: ['usage_records', 'rated_lines', 'transfers', 'accounts'],
        move: () => test.inside(organizationId, (tx) => test.billing.usage.record(tx, event)),
      },
      {
        tables: ['holds', 'transfers', 'accounts'],
        move: () => test.inside(organizationId, (tx) => test.billing.holds.hold(tx, request)),
      },
      { tables: ['transfers', 'accounts'], move: () => test.topUp(organizationId, '1') },
    ];
    await asSuperuser(async (superuser) => {
      await superuser.query(
        `create function billing.fail() returns trigger language plpgsql as $$ begin raise exception 'power cut'; end $$`,
      );
      for (const { tables, move } of movements) {
        for (const table of tables) {
          const before = await test.audit(organizationId);
          await superuser.query(
            `create trigger fail after insert or update on billing.${table} for each row execute function billing.fail()`,
          );
          await expect(move()).rejects.toThrow('power cut');
          await superuser.query(`drop trigger fail on billing.${table}`);
          expect(await test.audit(organizationId)).toEqual(before);
        }
        await move();
      }
    });
    expect((await test.audit(organizationId)).drift).toEqual([]);
  });

  it('notices, and goes on to say, when totals are not the sum of their transfers', async () => {
    const { organizationId } = await busy();
    const shift = (by: number) =>
      asSuperuser((superuser) =>
        superuser.query('update billing.accounts set debits_posted = debits_posted + $2 where id = $1', [
          `${organizationId}/cash`,
          by,
        ]),
      );
    await shift(1);
    await test.runJob('billing.reconcile_ledgers');
    await test.runJob('billing.reconcile_ledgers');
    expect(test.registry.reports.at(-1)).toMatchObject({ componentId: 'billing-ledger', health: 'degraded' });
    expect(await test.audit(organizationId)).toMatchObject({ drift: [`${organizationId}/cash`] });
    await shift(-1);
    await test.runJob('billing.reconcile_ledgers');
    expect(test.registry.reports.at(-1)).toMatchObject({ health: 'ready' });
  });
});
