import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import type { Page, PageArguments } from '../../../../kernel/paging/keyset.js';
import { builtInRole, BUILT_IN_ROLES } from '../domain/access/built-in-roles.js';
import type { RoleCatalogue } from '../domain/access/role-catalogue.js';
import { organizationScope } from './hierarchy-queries.js';
import { listByReach } from './list-by-reach.js';

export const READ_USER = 'iam.user.read';
export const READ_GROUP = 'iam.group.read';
export const READ_ROLE = 'iam.role.read';

export interface UserRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly email: string | null;
  readonly displayName: string;
  readonly oidcIssuer: string;
  readonly oidcSubject: string;
  readonly isDisabled: boolean;
  readonly firstSignedInAt: Date | null;
  readonly lastSignedInAt: Date | null;
  readonly createdAt: Date;
  /** Those of its organizations that the transaction may see. */
  readonly organizationIds: readonly string[] | null;
}

export interface GroupRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string | null;
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
  readonly memberIds: readonly string[] | null;
}

export interface RoleRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string | null;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly isBuiltIn: boolean;
}

export const USER = `t.id, t.email, t.display_name as "displayName", t.oidc_issuer as "oidcIssuer", t.oidc_subject as "oidcSubject",
  t.is_disabled as "isDisabled", t.first_signed_in_at as "firstSignedInAt", t.last_signed_in_at as "lastSignedInAt", t.created_at as "createdAt",
  (select array_agg(m.organization_id) from iam.memberships m where m.user_id = t.id) as "organizationIds"`;
const GROUP = `t.id, t.organization_id as "organizationId", t.name, t.description, t.created_at as "createdAt",
  (select array_agg(m.member_id order by m.member_id) from iam.group_members m where m.group_id = t.id) as "memberIds"`;
const ROLE =
  't.id, t.organization_id as "organizationId", t.name, t.title, t.description, t.permissions, false as "isBuiltIn"';

/** People whom the caller shares an organization with where it may read users; everybody for who may at the platform. */
export const userLoader = defineLoader<string, UserRecord>('iam.user', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<UserRecord>(`select ${USER} from iam.users t where t.id = any ($1)`, [ids]),
  );
  const visible = await Promise.all(rows.map(async (row) => ((await maySee(context, row)) ? row : null)));
  const byId = new Map(visible.filter((row) => row !== null).map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

async function maySee(context: RequestContext, user: UserRecord): Promise<boolean> {
  if (user.id === context.actor.id || (await context.can(READ_USER, PLATFORM_SCOPE))) return true;
  for (const organizationId of user.organizationIds ?? []) {
    if (await context.can(READ_USER, organizationScope(organizationId))) return true;
  }
  return false;
}

/** Where a group lives. */
export function ownerScope(row: { organizationId: string | null }): Scope {
  return row.organizationId === null ? PLATFORM_SCOPE : organizationScope(row.organizationId);
}

export const groupLoader = defineLoader<string, GroupRecord>('iam.group', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<GroupRecord>(`select ${GROUP} from iam.groups t where t.id = any ($1)`, [ids]),
  );
  const visible = await Promise.all(
    rows.map(async (row) => ((await context.can(READ_GROUP, ownerScope(row))) ? row : null)),
  );
  const byId = new Map(visible.filter((row) => row !== null).map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** Custom roles by identifier. Built-in ones are the same everywhere and come from the catalogue. */
export const customRoleLoader = defineLoader<string, RoleRecord>('iam.role', async (context, ids) => {
  const custom = ids.filter((id) => builtInRole(id) === null);
  const rows =
    custom.length === 0
      ? []
      : await context.read((tx) =>
          tx.rows<RoleRecord>(`select ${ROLE} from iam.roles t where t.id = any ($1)`, [custom]),
        );
  const visible = await Promise.all(
    rows.map(async (row) => ((await context.can(READ_ROLE, ownerScope(row))) ? row : null)),
  );
  const byId = new Map(visible.filter((row) => row !== null).map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** Built-in roles with what the registry gives them now. */
export function builtInRoleRecords(catalogue: RoleCatalogue): RoleRecord[] {
  return BUILT_IN_ROLES.map(({ id, name, title, description }) => ({
    id,
    name,
    title,
    description,
    organizationId: null,
    isBuiltIn: true,
    permissions: catalogue.index.namesIn(catalogue.builtInBits(id) ?? catalogue.index.none()),
  }));
}

export async function listUsers(
  context: RequestContext,
  page: PageArguments & { organizationId: string },
): Promise<Page<UserRecord>> {
  const source = {
    from: 'iam.users t join iam.memberships mine on mine.user_id = t.id',
    columns: USER,
    reachColumns: { organization: 'mine.organization_id' },
  };
  return listByReach(context, source, {
    permission: READ_USER,
    filters: { 'mine.organization_id': page.organizationId },
    page,
  });
}

export async function listGroups(
  context: RequestContext,
  page: PageArguments & { organizationId?: string | undefined },
): Promise<Page<GroupRecord>> {
  const source = { from: 'iam.groups t', columns: GROUP, reachColumns: { organization: 't.organization_id' } };
  return listByReach(context, source, {
    permission: READ_GROUP,
    filters: { 't.organization_id': page.organizationId },
    page,
  });
}

export async function listCustomRoles(
  context: RequestContext,
  page: PageArguments & { organizationId?: string | undefined },
): Promise<Page<RoleRecord>> {
  const source = { from: 'iam.roles t', columns: ROLE, reachColumns: { organization: 't.organization_id' } };
  return listByReach(context, source, {
    permission: READ_ROLE,
    filters: { 't.organization_id': page.organizationId },
    page,
  });
}
