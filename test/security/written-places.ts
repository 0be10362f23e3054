import type { Runtime } from '../../processes/runtime.js';

/** A place where one of the values was found, without the value. */
export interface Find {
  readonly credential: string;
  readonly place: string;
}

/** How a value may stand somewhere: as it is, inside JSON, percent-encoded, base64 (as in Basic authentication) or as bytea in hexadecimal. */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
  // Inside a longer base64 text the value begins at any of three offsets: compare what does not depend on its neighbours.
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(offset === 0 ? 0 : 4, -2);
  });
  return [...new Set([...forms, ...base64, bytes.toString('hex')])];
}

export function findInText(text: string, place: string, credentials: ReadonlyMap<string, string>): Find[] {
  return [...credentials]
    .filter(([, value]) => formsOf(value).some((form) => text.includes(form)))
    .map(([credential]) => ({ credential, place }));
}

/** Every row of every table of the database, as text: audit records, events, idempotency results and all others. */
export async function findInDatabase(
  runtime: Runtime,
  credentials: ReadonlyMap<string, string>,
): Promise<{ finds: Find[]; tables: string[]; rows: number }> {
  return runtime.kernel.database.read('system', async (tx) => {
    const tables = await tx.rows<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')
         and has_table_privilege(format('%I.%I', schemaname, tablename), 'select') order by 1`,
    );
    const finds: Find[] = [];
    let rows = 0;
    for (const { name } of tables) {
      const content = await tx.rows<{ content: string }>(`select t::text as content from ${name} t`);
      rows += content.length;
      finds.push(...findInText(content.map((row) => row.content).join('\n'), name, credentials));
    }
    return { finds, tables: tables.map(({ name }) => name), rows };
  });
}
