import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { isTypeId, prefixOf } from '../../kernel/identifiers/type-id.js';

interface Table {
  readonly name: string;
  readonly hasId: boolean;
}

/** When credentials were last used (noted up to 15 s later), and how far jobs have looked at the ledger (once a minute). */
const NOTED_LATER = ['last_used_at', 'assessed_version', 'reconciled_version'];

/** What the domains have in their tables, read by PostgreSQL's superuser: also what no part of the API shows. */
export class OrganizationRows {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(superuserUrl: string): Promise<OrganizationRows> {
    const client = new pg.Client({ connectionString: superuserUrl });
    await client.connect();
    return new OrganizationRows(client);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /**
   * Tables of the domains whose rows belong to organizations. Not among them are the audit log, which grows by refusals,
   * and `apps.queues`, where the long polls of an organization's own workers are noted until they have run out.
   */
  async #tables(): Promise<Table[]> {
    const { rows } = await this.#client.query<Table>(
      `select format('%I.%I', n.nspname, c.relname) as name,
              exists (select from pg_attribute i where i.attrelid = c.oid and i.attname = 'id') as "hasId"
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
       where c.relkind in ('r', 'p') and not c.relispartition
         and n.nspname not in ('pg_catalog', 'information_schema', 'kernel', 'evidence')
         and (n.nspname, c.relname) <> ('apps', 'queues')
       order by 1`,
    );
    return rows;
  }

  /** Every TypeID that an organization owns, by prefix. */
  async identifiers(organizationId: string): Promise<Map<string, string[]>> {
    const found = new Map([['org', [organizationId]]]);
    const add = (id: unknown): void => {
      if (typeof id !== 'string' || !isTypeId(id)) return;
      const prefix = prefixOf(id) ?? '';
      found.set(prefix, [...(found.get(prefix) ?? []), id]);
    };
    for (const { name, hasId } of await this.#tables()) {
      if (!hasId) continue;
      const { rows } = await this.#client.query<{ id: unknown }>(
        `select id from ${name} where organization_id = $1 order by id limit 50`,
        [organizationId],
      );
      for (const { id } of rows) add(id);
    }
    const audit = await this.#client.query<{ id: unknown }>(
      'select id from evidence.audit_records where organization_id = $1 limit 5',
      [organizationId],
    );
    for (const { id } of audit.rows) add(id);
    return found;
  }

  /** As {@link identifiers}, and of each type that no organization owns some. */
  async identifiersSeenFrom(organizationId: string): Promise<Map<string, string[]>> {
    const found = await this.identifiers(organizationId);
    const { rows } = await this.#client.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
       where c.relkind = 'r' and a.attname = 'id' and a.atttypid = 'text'::regtype
         and n.nspname not in ('pg_catalog', 'information_schema', 'kernel') order by 1`,
    );
    for (const { name } of rows) {
      const some = await this.#client.query<{ id: string }>(`select id from ${name} order by id limit 3`);
      const ids = some.rows.map(({ id }) => id).filter((id) => isTypeId(id));
      const prefix = prefixOf(ids[0] ?? '');
      if (prefix !== null && !found.has(prefix)) found.set(prefix, ids);
    }
    return found;
  }

  /** How many rows each table of the domains has, and the kept results of commands; but not the audit log and live status. */
  async counts(): Promise<Record<string, number>> {
    const { rows } = await this.#client.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'evidence', 'pg_toast')
         and (n.nspname <> 'kernel' or c.relname = 'idempotency') order by 1`,
    );
    const counts: Record<string, number> = {};
    for (const { name } of rows) {
      const found = await this.#client.query<{ rows: number }>(`select count(*)::int as rows from ${name}`);
      counts[name] = found.rows[0]?.rows ?? -1;
    }
    return counts;
  }

  /**
   * A digest of each table's rows of an organization (of all, for null), by table; without what is noted later.
   */
  async digests(organizationId: string | null): Promise<Record<string, string>> {
    const digests: Record<string, string> = {};
    for (const { name } of await this.#tables()) {
      const { rows } = await this.#client.query<{ digest: string }>(
        `select count(*) || ' ' || coalesce(md5(string_agg(md5(row), '' order by md5(row))), '') as digest
         from (select (to_jsonb(t) - $2::text[])::text as row from ${name} t
               where $1::text is null or organization_id = $1) of_organization`,
        [organizationId, NOTED_LATER],
      );
      digests[name] = rows[0]?.digest ?? '';
    }
    return digests;
  }

  /** Waits until nothing is left to tell and what is there has stopped changing: consumers act a moment after events. */
  async untilStill(): Promise<void> {
    let last = '';
    await eventually(
      async () => {
        const { rows } = await this.#client.query<{ waiting: number }>(
          'select count(*)::int as waiting from kernel.outbox',
        );
        const now = JSON.stringify([await this.counts(), await this.digests(null)]);
        const isStill = rows[0]?.waiting === 0 && now === last;
        last = now;
        if (!isStill) await sleep(250);
        return isStill;
      },
      { milliseconds: 30_000, what: 'nothing changes any more' },
    );
  }
}
