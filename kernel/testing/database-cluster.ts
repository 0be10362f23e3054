import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { inject } from 'vitest';
import { socketUrl } from '../database/embedded/socket-url.js';

/** A database of one test, or of one test file. */
export interface TestDatabase {
  readonly name: string;
  /** Connects as PostgreSQL's superuser, for whom row level security does not hold. */
  readonly superuserUrl: string;
  /** Ends its connections and removes it. May be called again. */
  drop(): Promise<void>;
}

const MAINTENANCE_DATABASE = 'postgres';
const TEMPLATE_NAME = /^[a-z][a-z0-9_]{0,62}$/;
const CONNECTION_WAIT_MILLISECONDS_MAX = 5_000;

/** Creates a database with a name of its own: empty, or a copy of a template that `ensureTemplate` has made. */
export async function createTestDatabase(options: { template?: string } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onMaintenance(async (client) => {
    await createDatabase(client, name, options.template ?? 'template0');
  });
  return {
    name,
    superuserUrl: urlOf(name),
    drop: () => onMaintenance((client) => dropDatabase(client, name)),
  };
}

/**
 * Makes sure that a template exists: the first of all test processes that asks prepares it, the others wait. The name
 * must change when the contents do: put a content hash into it. `prepare` gets a superuser's URL of the empty database
 * and must close its connections. Roles belong to the whole cluster, so it must tolerate those that exist.
 */
export async function ensureTemplate(name: string, prepare: (url: string) => Promise<void>): Promise<void> {
  if (!TEMPLATE_NAME.test(name)) throw new Error(`"${name}" is no template name: use a-z, 0-9 and _, at most 63`);
  await onMaintenance(async (client) => {
    // Held until this connection closes, also if this process dies.
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`test template ${name}`]);
    if (await isTemplateReady(client, name)) return;
    await dropDatabase(client, name); // what a failed preparation left
    await createDatabase(client, name, 'template0');
    await prepare(urlOf(name));
    await waitForConnectionsToClose(client, name);
    // One statement makes it ready and closes it for good: a template with a connection cannot be copied.
    await client.query(`ALTER DATABASE ${escapeIdentifier(name)} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  });
}

async function isTemplateReady(client: Client, name: string): Promise<boolean> {
  const found = await client.query('SELECT FROM pg_database WHERE datname = $1 AND datistemplate', [name]);
  return found.rowCount === 1;
}

async function waitForConnectionsToClose(client: Client, name: string): Promise<void> {
  const deadline = performance.now() + CONNECTION_WAIT_MILLISECONDS_MAX;
  const sql = 'SELECT count(*)::int AS connections FROM pg_stat_activity WHERE datname = $1';
  for (;;) {
    const { rows } = await client.query<{ connections: number }>(sql, [name]);
    const connections = rows[0]?.connections ?? 0;
    if (connections === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`The preparation of template ${name} left connections open: ${connections}`);
    }
    await sleep(10);
  }
}

async function createDatabase(client: Client, name: string, template: string): Promise<void> {
  const [target, source] = [escapeIdentifier(name), escapeIdentifier(template)];
  await client.query(`CREATE DATABASE ${target} TEMPLATE ${source} STRATEGY FILE_COPY`);
}

async function dropDatabase(client: Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
}

async function onMaintenance(work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: urlOf(MAINTENANCE_DATABASE) });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(database: string): string {
  return socketUrl(inject('pg'), database);
}
