import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { createTestDatabase, ensureTemplate } from './database-cluster.js';

const uniqueTemplate = (): string => `template_test_${randomBytes(8).toString('hex')}`;

async function run(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const createSubject = (url: string): Promise<void> =>
  run(url, "CREATE TABLE subject AS SELECT 'template' AS origin").then(() => undefined);

describe('a test database', () => {
  it('is empty, has a name of its own, and is gone after its drop', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    expect(one.name).not.toBe(other.name);
    expect(await run(one.superuserUrl, 'SELECT current_database()')).toEqual([{ current_database: one.name }]);
    await Promise.all([one.drop(), other.drop()]);
    await one.drop();
    await expect(run(one.superuserUrl, 'SELECT 1')).rejects.toThrow('does not exist');
  });

  it('is a copy of its template that changes nothing but itself', async () => {
    const template = uniqueTemplate();
    await ensureTemplate(template, createSubject);
    const databases = await Promise.all(Array.from({ length: 8 }, () => createTestDatabase({ template })));
    const [changed, ...untouched] = databases;
    if (changed) await run(changed.superuserUrl, "UPDATE subject SET origin = 'changed'");
    for (const database of untouched) {
      expect(await run(database.superuserUrl, 'SELECT origin FROM subject')).toEqual([{ origin: 'template' }]);
    }
    await Promise.all(databases.map((database) => database.drop()));
  });
});

describe('a template', () => {
  it('is prepared once, however many ask for it at once', async () => {
    const template = uniqueTemplate();
    let preparations = 0;
    const prepare = async (url: string): Promise<void> => {
      preparations += 1;
      await createSubject(url);
    };
    await Promise.all(Array.from({ length: 10 }, () => ensureTemplate(template, prepare)));
    await ensureTemplate(template, prepare);
    expect(preparations).toBe(1);
  });

  it('is prepared anew when the preparation has failed', async () => {
    const template = uniqueTemplate();
    const failing = async (url: string): Promise<void> => {
      await createSubject(url);
      throw new Error('the migration is wrong');
    };
    await expect(ensureTemplate(template, failing)).rejects.toThrow('the migration is wrong');
    await ensureTemplate(template, createSubject);
    const database = await createTestDatabase({ template });
    expect(await run(database.superuserUrl, 'SELECT origin FROM subject')).toEqual([{ origin: 'template' }]);
    await database.drop();
  });

  it('is refused when its preparation leaves a connection open', async () => {
    const template = uniqueTemplate();
    let leaked: Client | undefined;
    const leaking = async (url: string): Promise<void> => {
      leaked = new Client({ connectionString: url });
      await leaked.connect();
    };
    await expect(ensureTemplate(template, leaking)).rejects.toThrow(`${template} left connections open: 1`);
    await leaked?.end();
  });

  it('is refused a name that would need quoting', async () => {
    await expect(ensureTemplate('Billing "v2"', createSubject)).rejects.toThrow('is no template name');
  });
});
