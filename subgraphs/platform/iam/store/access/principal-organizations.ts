import { LRUCache } from 'lru-cache';
import type { Database } from '../../../../../kernel/database/database.js';
import type { SnapshotStore } from './snapshot-store.js';

/** How old an answer may be when the change came from another process. */
const TTL_MILLISECONDS = 2000;

interface Belonging {
  readonly organizationIds: readonly string[];
  readonly isPlatformStaff: boolean;
}

/** In which organizations a principal is at all: the outer bound of what it may meet. */
export class PrincipalOrganizations {
  readonly #database: Database;
  readonly #known = new LRUCache<string, Belonging>({ max: 20_000, ttl: TTL_MILLISECONDS });
  readonly #everyone = new LRUCache<'all', { ids: readonly string[] | null }>({ max: 1, ttl: TTL_MILLISECONDS });

  constructor(database: Database, snapshots: SnapshotStore) {
    this.#database = database;
    snapshots.onChange(() => {
      this.#known.clear();
      this.#everyone.clear();
    });
  }

  /** `'*'` for holders of a binding at the platform. */
  async organizationsOf(principalId: string): Promise<readonly string[] | '*'> {
    const { organizationIds, isPlatformStaff } = await this.#belonging(principalId);
    return isPlatformStaff ? '*' : organizationIds;
  }

  async membershipsOf(principalId: string): Promise<readonly string[]> {
    return (await this.#belonging(principalId)).organizationIds;
  }

  async #belonging(principalId: string): Promise<Belonging> {
    const known = this.#known.get(principalId);
    if (known !== undefined) return known;
    const row = await this.#database.read('system', (tx) =>
      tx.row<{ organizations: string[] | null; is_staff: boolean }>(BELONGING, [principalId]),
    );
    const belonging = { organizationIds: row?.organizations ?? [], isPlatformStaff: row?.is_staff ?? false };
    this.#known.set(principalId, belonging);
    return belonging;
  }

  /** Null when no organization restricts anything; else all of them, so that each is looked at. */
  async allUnlessUnrestricted(): Promise<readonly string[] | null> {
    const known = this.#everyone.get('all');
    if (known !== undefined) return known.ids;
    const row = await this.#database.read('system', (tx) =>
      tx.row<{ ids: string[] | null }>(
        `select case when exists (select from iam.role_bindings where organization_id is not null and revoked_at is null and effect <> 'allow')
           then (select array_agg(id order by id) from iam.organizations) end as ids`,
      ),
    );
    const ids = row?.ids ?? null;
    this.#everyone.set('all', { ids });
    return ids;
  }
}

const BELONGING = `
  with recursive mine (id) as (
    select $1::text collate "C"
    union select g.group_id from mine join iam.group_members g on g.member_id = mine.id
  )
  select
    (select array_agg(distinct organization_id) from (
       select organization_id from iam.memberships where user_id = $1
       union select b.organization_id from mine join iam.role_bindings b on b.principal_id = mine.id
       where b.revoked_at is null and b.organization_id is not null
     ) found) as organizations,
    exists (select from mine join iam.role_bindings b on b.principal_id = mine.id
            where b.organization_id is null and b.revoked_at is null and b.effect = 'allow'
              and (b.expires_at is null or b.expires_at > now())) as is_staff`;
