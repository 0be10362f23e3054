import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../identifiers/type-id.js';
import { type TestKernel, startTestKernel } from '../testing/test-kernel.js';
import { isTransient, sqlState } from './database-errors.js';

let test: TestKernel;
let superuser: pg.Client;
const [here, there] = [newId('org'), newId('org')];

beforeAll(async () => {
  test = await startTestKernel();
  superuser = new pg.Client({ connectionString: test.database.superuserUrl });
  await superuser.connect();
  await superuser.query(`create table kernel.things (id serial primary key, organization_id text not null, n int);
    grant select, insert, update on kernel.things to cp_app, cp_system; grant usage on sequence kernel.things_id_seq to cp_app, cp_system;
    call kernel.isolate_by_organization('kernel.things');
    insert into kernel.things (organization_id, n) values ('${here}', 1), ('${there}', 2)`);
});
afterAll(async () => {
  await superuser.end();
  await test.close();
});

const read = (isolation: readonly string[] | 'system'): Promise<{ n: number }[]> =>
  test.kernel.database.read(isolation, (tx) => tx.rows<{ n: number }>('select n from kernel.things order by n'));

describe('row level security', () => {
  it('shows a transaction the rows of its organizations only, and nothing without any', async () => {
    expect(await read([here])).toEqual([{ n: 1 }]);
    expect(await read([here, there])).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await read([])).toEqual([]);
    expect(await read('system')).toHaveLength(2);
  });

  it('refuses to write a row of another organization', async () => {
    const write = test.kernel.database.transaction([here], (tx) =>
      tx.execute('insert into kernel.things (organization_id) values ($1)', [there]),
    );
    await expect(write).rejects.toThrow(/row-level security/);
  });

  it('leaves nothing of one transaction to the next on the same connection', async () => {
    await read([here, there]);
    const { rows } = await test.kernel.database.applicationPool.query<{ n: number }>('select n from kernel.things');
    expect(rows).toEqual([]);
  });

  it('binds roles that are no superuser, own nothing and bypass nothing', async () => {
    const { rows } = await superuser.query<{ ok: boolean }>(
      `select not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb) as ok from pg_roles where rolname in ('cp_app', 'cp_system', 'cp_owner')`,
    );
    expect(rows).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    const owned = await superuser.query(
      `select from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname in ('cp_app', 'cp_system')`,
    );
    expect(owned.rowCount).toBe(0);
  });

  it('lets an index serve the comparison', async () => {
    await superuser.query(
      'create index things_organization on kernel.things (organization_id); set enable_seqscan = off',
    );
    const plan = await test.kernel.database.read([here], async (tx) => {
      await tx.execute('set local enable_seqscan = off');
      return tx.rows<{ 'QUERY PLAN': string }>('explain select * from kernel.things');
    });
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index (Cond|Scan)/);
  });
});

describe('a transaction', () => {
  it('is undone as a whole when anything in it throws', async () => {
    const failing = test.kernel.database.transaction('system', async (tx) => {
      await tx.execute('insert into kernel.things (organization_id, n) values ($1, 99)', [here]);
      throw new Error('after the write');
    });
    await expect(failing).rejects.toThrow('after the write');
    expect(await read([here])).not.toContainEqual({ n: 99 });
  });

  it('answers UNAVAILABLE, with nothing half done, when its connection is lost while it writes', async () => {
    const failing = test.kernel.database.transaction('system', async (tx) => {
      await tx.execute('insert into kernel.things (organization_id, n) values ($1, 98)', [here]);
      const row = await tx.row<{ pid: number }>('select pg_backend_pid() as pid');
      await superuser.query('select pg_terminate_backend($1)', [row?.pid]);
      await tx.execute('insert into kernel.things (organization_id, n) values ($1, 98)', [here]);
    });
    await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE', extensions: { retryable: true } });
    expect(await read([here])).not.toContainEqual({ n: 98 });
  });

  it('answers UNAVAILABLE, with nothing half done, when the disk is full', async () => {
    // PostgreSQL reports a full disk as SQLSTATE 53100; a trigger raises it here at the same place, after the first write.
    await superuser.query(`create function kernel.fill_disk() returns trigger language plpgsql as
      $$ begin if new.n = 97 then raise exception 'could not extend file: No space left on device' using errcode = '53100'; end if; return new; end $$;
      create trigger full_disk before insert on kernel.things for each row execute function kernel.fill_disk()`);
    const failing = test.kernel.database.transaction('system', async (tx) => {
      await tx.execute('insert into kernel.things (organization_id, n) values ($1, 96)', [here]);
      await tx.execute('insert into kernel.things (organization_id, n) values ($1, 97)', [here]);
    });
    await expect(failing).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/disk space/) as string,
    });
    expect(await read([here])).not.toContainEqual({ n: 96 });
  });

  it('cannot write when it was opened for reading', async () => {
    const writing = test.kernel.database.read('system', (tx) => tx.execute('update kernel.things set n = 0'));
    await expect(writing).rejects.toThrow(/read-only transaction/);
  });

  it('tells a deadlock from other failures, for the retry', async () => {
    const lock = (first: string, second: string): Promise<unknown> =>
      test.kernel.database.transaction('system', async (tx) => {
        await tx.execute('update kernel.things set n = n where organization_id = $1', [first]);
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
        await tx.execute('update kernel.things set n = n where organization_id = $1', [second]);
      });
    const results = await Promise.allSettled([lock(here, there), lock(there, here)]);
    const failure = results.find((result) => result.status === 'rejected');
    expect(failure && isTransient(failure.reason)).toBe(true);
    expect(sqlState(failure?.reason)).toBe('40P01');
  });
});
