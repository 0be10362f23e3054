import type { Scope } from '../../../../kernel/access/authority.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import type { Page, PageArguments } from '../../../../kernel/paging/keyset.js';
import type { BindingEffect } from '../domain/access/access-facts.js';
import type { PolicyPrimitive } from '../domain/policy-bounds.js';
import type { PrincipalType } from './entities/access-entities.js';
import { projectLoader, projectScope } from './hierarchy-queries.js';
import { listByReach, scopeOf } from './list-by-reach.js';

export const READ_BINDING = 'iam.role_binding.read';
export const READ_QUOTA = 'iam.quota.read';
export const READ_POLICY = 'iam.policy.read';

interface Scoped {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string | null;
  readonly scopeLevel: Scope['level'];
  readonly scopeId: string;
}

export interface RoleBindingRecord extends Scoped {
  readonly principalType: PrincipalType;
  readonly principalId: string;
  readonly roleId: string;
  readonly effect: BindingEffect;
  readonly expiresAt: Date | null;
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly revokedAt: Date | null;
}

export interface QuotaRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly scopeLevel: 'organization' | 'department' | 'project' | 'principal';
  readonly scopeId: string;
  readonly projectId: string | null;
  readonly dimension: string;
  readonly limitAmount: bigint | null;
  readonly committed: bigint;
  readonly held: bigint;
}

export interface PolicyValueRecord extends Scoped {
  readonly key: string;
  readonly value: PolicyPrimitive;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly allowedValues: readonly string[] | null;
  readonly isDenied: boolean;
  readonly changedAt: Date;
  readonly changedBy: string;
}

const SCOPED = 't.id, t.organization_id as "organizationId", t.scope_level as "scopeLevel", t.scope_id as "scopeId"';
const BINDING = `${SCOPED}, t.principal_type as "principalType", t.principal_id as "principalId", t.role_id as "roleId", t.effect,
  t.expires_at as "expiresAt", t.reason, t.created_at as "createdAt", t.created_by as "createdBy", t.revoked_at as "revokedAt"`;
const QUOTA = `${SCOPED}, t.project_id as "projectId", t.dimension, t.limit_amount as "limitAmount", t.committed, t.held`;
const POLICY = `${SCOPED}, t.key, t.value, t.minimum, t.maximum, t.allowed_values as "allowedValues", t.is_denied as "isDenied",
  t.changed_at as "changedAt", t.changed_by as "changedBy"`;

/** Where access to a quota's row is decided: a principal's node belongs to its project. */
export function quotaScope(row: QuotaRecord): Scope {
  const { organizationId, scopeLevel } = row;
  if (scopeLevel === 'principal') return projectScope({ id: row.projectId ?? '', organizationId });
  return { level: scopeLevel, id: row.scopeId, organizationId };
}

async function visibleById<Row extends { readonly id: string }>(
  context: RequestContext,
  ids: readonly string[],
  options: { rows: readonly Row[]; permission: string; scope: (row: Row) => Scope },
): Promise<(Row | null)[]> {
  const visible = await Promise.all(
    options.rows.map(async (row) => ((await context.can(options.permission, options.scope(row))) ? row : null)),
  );
  const byId = new Map(visible.filter((row) => row !== null).map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

export const roleBindingLoader = defineLoader<string, RoleBindingRecord>('iam.role_binding', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<RoleBindingRecord>(`select ${BINDING} from iam.role_bindings t where t.id = any ($1)`, [ids]),
  );
  return visibleById(context, ids, { rows, permission: READ_BINDING, scope: scopeOf });
});

export const quotaLoader = defineLoader<string, QuotaRecord>('iam.quota', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<QuotaRecord>(`select ${QUOTA} from iam.quotas t where t.id = any ($1)`, [ids]),
  );
  return visibleById(context, ids, { rows, permission: READ_QUOTA, scope: quotaScope });
});

export const policyValueLoader = defineLoader<string, PolicyValueRecord>('iam.policy_value', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<PolicyValueRecord>(`select ${POLICY} from iam.policy_values t where t.id = any ($1)`, [ids]),
  );
  return visibleById(context, ids, { rows, permission: READ_POLICY, scope: scopeOf });
});

const NODES_PER_PROJECT_MAX = 200;

/** Quotas of projects, in one statement for all that are asked for. */
export const projectQuotasLoader = defineLoader<string, QuotaRecord[]>(
  'iam.project.quotas',
  async (context, projectIds) => {
    const projects = await Promise.all(projectIds.map((id) => context.load(projectLoader, id)));
    const readable = await Promise.all(
      projects.map(async (project) => project !== null && (await context.can(READ_QUOTA, projectScope(project)))),
    );
    const allowed = projectIds.filter((_id, index) => readable[index]);
    if (allowed.length === 0) return projectIds.map(() => []);
    const rows = await context.read((tx) =>
      tx.rows<QuotaRecord>(
        `select ${QUOTA} from unnest($1::text[]) wanted (id), lateral (
         select * from iam.quotas q where q.scope_id = wanted.id order by q.dimension limit ${NODES_PER_PROJECT_MAX}) t`,
        [allowed],
      ),
    );
    const byProject = Map.groupBy(rows, (row) => row.scopeId);
    return projectIds.map((id) => byProject.get(id) ?? []);
  },
);

/** A department of the row's scope, for lists that push the reach into SQL. */
const DEPARTMENT_OF_SCOPE = `case t.scope_level when 'department' then t.scope_id
  else (select p.department_id from iam.projects p where p.id = t.scope_id) end`;
const PROJECT_OF_SCOPE = `case when t.scope_level = 'project' then t.scope_id end`;

export async function listRoleBindings(
  context: RequestContext,
  page: PageArguments & {
    organizationId?: string | undefined;
    scopeId?: string | undefined;
    principalId?: string | undefined;
  },
): Promise<Page<RoleBindingRecord>> {
  const source = {
    from: 'iam.role_bindings t',
    columns: BINDING,
    reachColumns: { organization: 't.organization_id', department: DEPARTMENT_OF_SCOPE, project: PROJECT_OF_SCOPE },
  };
  const filters = {
    't.organization_id': page.organizationId,
    't.scope_id': page.scopeId,
    't.principal_id': page.principalId,
  };
  return listByReach(context, source, { permission: READ_BINDING, filters, page, where: 't.revoked_at is null' });
}

export async function listQuotas(
  context: RequestContext,
  page: PageArguments & {
    organizationId?: string | undefined;
    scopeId?: string | undefined;
    dimension?: string | undefined;
  },
): Promise<Page<QuotaRecord>> {
  const department = `case t.scope_level when 'department' then t.scope_id else (select p.department_id from iam.projects p where p.id = t.project_id) end`;
  const source = {
    from: 'iam.quotas t',
    columns: QUOTA,
    reachColumns: { organization: 't.organization_id', department, project: 't.project_id' },
  };
  const filters = {
    't.organization_id': page.organizationId,
    't.scope_id': page.scopeId,
    't.dimension': page.dimension,
  };
  return listByReach(context, source, { permission: READ_QUOTA, filters, page });
}

export async function listPolicyValues(
  context: RequestContext,
  page: PageArguments & { organizationId?: string | undefined; scopeId?: string | undefined; key?: string | undefined },
): Promise<Page<PolicyValueRecord>> {
  const source = {
    from: 'iam.policy_values t',
    columns: POLICY,
    reachColumns: { organization: 't.organization_id', department: DEPARTMENT_OF_SCOPE, project: PROJECT_OF_SCOPE },
  };
  const filters = { 't.organization_id': page.organizationId, 't.scope_id': page.scopeId, 't.key': page.key };
  return listByReach(context, source, { permission: READ_POLICY, filters, page });
}
