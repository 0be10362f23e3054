import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

/** The forward-only SQL of one domain: `migrations/0001_name.sql`, applied in order of name. */
export interface MigrationSet {
  /** The database schema of the domain, which also holds its `migrations` table. */
  readonly schema: string;
  readonly directory: string;
}

export interface AppliedMigration {
  readonly schema: string;
  readonly name: string;
}

// Any constant will do; all processes of all versions must use the same one.
const LOCK_KEY = '5207423117';
const FILE = /^\d{4}_[a-z0-9_]+\.sql$/;

/**
 * Applies what is missing, all under one advisory lock so that processes may start together, each file in a transaction
 * of its own. A file that was applied and has changed since is refused: migrations go forward only.
 */
export async function migrate(ownerUrl: string, sets: readonly MigrationSet[]): Promise<AppliedMigration[]> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query(`select pg_advisory_lock(${LOCK_KEY})`);
    const applied: AppliedMigration[] = [];
    for (const set of sets) applied.push(...(await migrateOne(client, set)));
    return applied;
  } finally {
    await client.end();
  }
}

async function migrateOne(client: pg.Client, set: MigrationSet): Promise<AppliedMigration[]> {
  const schema = client.escapeIdentifier(set.schema);
  await client.query(`create schema if not exists ${schema}`);
  await client.query(`create table if not exists ${schema}.migrations
    (name text primary key, checksum text not null, applied_at timestamptz not null default now())`);
  await client.query(`grant usage on schema ${schema} to cp_app, cp_system`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select name, checksum from ${schema}.migrations`,
  );
  const known = new Map(rows.map((row) => [row.name, row.checksum]));
  const applied: AppliedMigration[] = [];
  for (const file of await migrationFiles(set.directory)) {
    const sql = await readFile(path.join(set.directory, file), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    const before = known.get(file);
    if (before === checksum) continue;
    if (before !== undefined)
      throw new Error(`migration ${set.schema}/${file} has changed since it was applied; add a new file instead`);
    await applyFile(client, set.schema, { file, sql, checksum });
    applied.push({ schema: set.schema, name: file });
  }
  return applied;
}

async function migrationFiles(directory: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  const odd = files.find((file) => !FILE.test(file));
  if (odd !== undefined) throw new Error(`migration file "${odd}" is not named NNNN_words.sql`);
  return files;
}

async function applyFile(
  client: pg.Client,
  schema: string,
  migration: { file: string; sql: string; checksum: string },
): Promise<void> {
  const table = `${client.escapeIdentifier(schema)}.migrations`;
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query(`insert into ${table} (name, checksum) values ($1, $2)`, [migration.file, migration.checksum]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${schema}/${migration.file} failed: ${(error as Error).message}`, { cause: error });
  }
}
