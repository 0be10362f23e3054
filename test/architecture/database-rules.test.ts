import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestDatabase } from '../../kernel/testing/database-cluster.js';
import { createPlatformDatabase } from '../harness/platform.js';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createPlatformDatabase();
  client = new pg.Client({ connectionString: database.superuserUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

it('compares both sides of every foreign key in one collation, or no index serves the join', async () => {
  const { rows } = await client.query<{ constraint: string; keys: number }>(
    `select c.conname as constraint from pg_constraint c
       cross join lateral unnest(c.conkey, c.confkey) as k (here, there)
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.here
       join pg_attribute b on b.attrelid = c.confrelid and b.attnum = k.there
     where c.contype = 'f' and a.attcollation <> b.attcollation`,
  );
  expect(rows.map((row) => row.constraint)).toEqual([]);
  const count = await client.query<{ keys: number }>(
    `select count(*)::int as keys from pg_constraint where contype = 'f'`,
  );
  expect(count.rows[0]?.keys).toBeGreaterThan(10);
});

it('forces row level security on every table of an organization', async () => {
  const { rows } = await client.query<{ table: string }>(
    `select c.oid::regclass::text as table from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
     where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
       and not (c.relrowsecurity and c.relforcerowsecurity) order by 1`,
  );
  expect(rows.map((row) => row.table)).toEqual(['kernel.outbox']);
});

it('lets the application own no table and never truncate one', async () => {
  const { rows } = await client.query<{ table: string }>(
    `select c.oid::regclass::text as table from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       and (has_table_privilege('cp_app', c.oid, 'truncate') or has_table_privilege('cp_system', c.oid, 'truncate')
         or pg_get_userbyid(c.relowner) <> 'cp_owner')`,
  );
  expect(rows).toEqual([]);
});
