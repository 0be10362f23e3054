import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../identifiers/type-id.js';
import { type TestKernel, startTestKernel } from '../testing/test-kernel.js';
import { sqlState } from './database-errors.js';

let test: TestKernel;
const organizationId = newId('org');

beforeAll(async () => {
  // One connection: what one transaction leaves behind, the next one meets.
  test = await startTestKernel({ environment: { DATABASE_POOL_SIZE: '2' } });
  await onSuperuser(`create table kernel.notes (id text primary key, organization_id text not null);
    grant select, insert on kernel.notes to cp_app, cp_system; call kernel.isolate_by_organization('kernel.notes')`);
});
beforeEach(() => onSuperuser('truncate kernel.notes, kernel.outbox'));
afterAll(() => test.close());

async function onSuperuser(sql: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: test.database.superuserUrl });
  await client.connect();
  await client.query(sql);
  await client.end();
}

const insert = (id: string, name = 'notes.insert') => ({
  name,
  text: 'insert into kernel.notes (id, organization_id) values ($1, $2)',
  values: [id, organizationId],
});

async function notes(): Promise<string[]> {
  const rows = await test.kernel.database.read([organizationId], (tx) =>
    tx.rows<{ id: string }>('select id from kernel.notes order by id'),
  );
  return rows.map(({ id }) => id);
}

describe('statements that travel together', () => {
  it('commits what was deferred and sent, though nothing else was done in the transaction', async () => {
    await test.kernel.database.transaction([organizationId], async (tx) => {
      tx.defer(insert('a'));
      tx.send({ topic: 'event', organizationId, body: {} });
    });
    expect(await notes()).toEqual(['a']);
    const outbox = await test.kernel.database.read('system', (tx) => tx.rows('select from kernel.outbox'));
    expect(outbox).toHaveLength(1);
  });

  it('undoes everything when a deferred statement fails, and tells why', async () => {
    const failing = test.kernel.database.transaction([organizationId], async (tx) => {
      await tx.rows(insert('b').text, insert('b').values);
      tx.defer(insert('c'));
      tx.defer(insert('c'));
      tx.defer(insert('d'));
    });
    await expect(failing).rejects.toSatisfy((error) => sqlState(error) === '23505');
    expect(await notes()).toEqual([]);
  });

  it('prepares again what the server skipped after a failure', async () => {
    const statement = (id: string) => insert(id, 'notes.insert_after');
    const failing = test.kernel.database.transaction([organizationId], async (tx) => {
      tx.defer({ text: 'select 1 / 0' });
      tx.defer(statement('e'));
    });
    await expect(failing).rejects.toSatisfy((error) => sqlState(error) === '22012');
    for (const id of ['f', 'g']) {
      await test.kernel.database.transaction([organizationId], async (tx) => tx.defer(statement(id)));
    }
    expect(await notes()).toEqual(['f', 'g']);
  });

  it('commits nothing when a statement cannot even be sent', async () => {
    await test.kernel.database.transaction([organizationId], async (tx) => tx.defer(insert('h', 'notes.taken')));
    const other = { name: 'notes.taken', text: 'select 1' };
    const failing = test.kernel.database.transaction([organizationId], async (tx) => {
      tx.defer(insert('i'));
      tx.defer(other);
    });
    await expect(failing).rejects.toThrow('must be unique');
    expect(await notes()).toEqual(['h']);
  });

  it('does not call it a success when a failure inside was swallowed', async () => {
    const swallowing = test.kernel.database.transaction([organizationId], async (tx) => {
      await tx.rows(insert('j').text, insert('j').values);
      await tx.rows('select 1 / 0').catch(() => {});
    });
    await expect(swallowing).rejects.toThrow('nothing was committed');
    expect(await notes()).toEqual([]);
  });

  it('shows the first statement the rows of its organizations only', async () => {
    await test.kernel.database.transaction([organizationId], async (tx) => tx.defer(insert('k')));
    const strangers = await test.kernel.database.read([newId('org')], (tx) => tx.rows('select from kernel.notes'));
    expect(strangers).toEqual([]);
  });

  it('runs statements that were asked for at once in one transaction, in order', async () => {
    const isolated = await test.kernel.database.transaction([organizationId], (tx) =>
      Promise.all(
        [1, 2, 3].map((n) =>
          tx.row<{ n: number; xid: string }>('select $1::int as n, pg_current_xact_id()::text as xid', [n]),
        ),
      ),
    );
    expect(isolated.map((row) => row?.n)).toEqual([1, 2, 3]);
    expect(new Set(isolated.map((row) => row?.xid)).size).toBe(1);
  });

  it('gives all statements that were asked for at once the failure of one, and goes on after a savepoint', async () => {
    const settled = await test.kernel.database.transaction([organizationId], async (tx) => {
      await tx.execute('savepoint here');
      const all = await Promise.allSettled([tx.rows('select 1'), tx.rows('select 1 / 0'), tx.rows('select 2')]);
      await tx.execute('rollback to savepoint here');
      tx.defer(insert('m'));
      return all;
    });
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(settled.every((result) => result.status === 'rejected' && sqlState(result.reason) === '22012')).toBe(true);
    expect(await notes()).toEqual(['m']);
  });

  it('asks the server once for what is asked for at once', async () => {
    const { applicationPool } = test.kernel.database;
    let sent = 0;
    const client = await applicationPool.connect();
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    client.query = ((...parameters: unknown[]) => {
      sent += 1;
      return query(...parameters);
    }) as typeof client.query;
    const other = await applicationPool.connect();
    client.release();
    const numbers = await test.kernel.database.read([organizationId], (tx) =>
      Promise.all([1, 2, 3].map((n) => tx.row<{ n: number }>('select $1::int as n', [n]))),
    );
    other.release();
    client.query = query as typeof client.query;
    expect(numbers.map((row) => row?.n)).toEqual([1, 2, 3]);
    // BEGIN with all three, and COMMIT.
    expect(sent).toBe(2);
  });

  it('refuses to write in a read, also with its first statement', async () => {
    const writing = test.kernel.database.read([organizationId], (tx) => tx.rows(insert('l').text, insert('l').values));
    await expect(writing).rejects.toSatisfy((error) => sqlState(error) === '25006');
  });

  it('leaves no transaction open after a read whose answer did not wait for its end', async () => {
    await Promise.all(Array.from({ length: 20 }, notes));
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    const open = await test.kernel.database.read('system', (tx) =>
      tx.rows(`select from pg_stat_activity where datname = current_database() and state like 'idle in%'`),
    );
    expect(open).toEqual([]);
  });

  it('opens no transaction where none is needed', async () => {
    const before = test.kernel.database.statementCount;
    await test.kernel.database.transaction([organizationId], async () => {});
    expect(test.kernel.database.statementCount).toBe(before);
  });
});
