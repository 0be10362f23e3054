import type { Scope } from '../../../../kernel/access/authority.js';
import { type Loader, type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import type { Page, PageArguments } from '../../../../kernel/paging/keyset.js';
import type { OrganizationState } from '../domain/organization-lifecycle.js';
import type { ProjectState } from '../domain/project-lifecycle.js';
import { listByReach } from './list-by-reach.js';

export interface OrganizationRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly type: 'personal' | 'enterprise';
  readonly name: string;
  readonly slug: string;
  readonly state: OrganizationState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
}

export interface DepartmentRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly slug: string;
  readonly isDefault: boolean;
  readonly createdAt: Date;
}

export interface ProjectRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly departmentId: string;
  readonly name: string;
  readonly slug: string;
  readonly state: ProjectState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
}

const LIFECYCLE =
  't.state, t.state_reason as "stateReason", t.state_changed_at as "stateChangedAt", t.created_at as "createdAt"';
const ORGANIZATION = `t.id, t.type, t.name, t.slug, ${LIFECYCLE}`;
const DEPARTMENT =
  't.id, t.organization_id as "organizationId", t.name, t.slug, t.is_default as "isDefault", t.created_at as "createdAt"';
const PROJECT = `t.id, t.organization_id as "organizationId", t.department_id as "departmentId", t.name, t.slug, ${LIFECYCLE}`;

export const READ_ORGANIZATION = 'iam.organization.read';
export const READ_DEPARTMENT = 'iam.department.read';
export const READ_PROJECT = 'iam.project.read';

/** Loads rows by identifier, and shows those that the caller may read at their scope. */
function entityLoader<Row extends { readonly [column: string]: unknown; readonly id: string }>(options: {
  name: string;
  from: string;
  columns: string;
  permission: string;
  scope: (row: Row) => Scope;
}): Loader<string, Row> {
  return defineLoader<string, Row>(options.name, async (context, ids) => {
    const rows = await context.read((tx) =>
      tx.rows<Row>(`select ${options.columns} from ${options.from} t where t.id = any ($1)`, [ids]),
    );
    const visible = await Promise.all(
      rows.map(async (row) => ((await context.can(options.permission, options.scope(row))) ? row : null)),
    );
    const byId = new Map(visible.filter((row) => row !== null).map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}

export const organizationScope = (id: string): Scope => ({ level: 'organization', id, organizationId: id });
export const departmentScope = (row: { id: string; organizationId: string }): Scope => ({
  level: 'department',
  id: row.id,
  organizationId: row.organizationId,
});
export const projectScope = (row: { id: string; organizationId: string }): Scope => ({
  level: 'project',
  id: row.id,
  organizationId: row.organizationId,
});

export const organizationLoader = entityLoader<OrganizationRecord>({
  name: 'iam.organization',
  from: 'iam.organizations',
  columns: ORGANIZATION,
  permission: READ_ORGANIZATION,
  scope: (row) => organizationScope(row.id),
});
export const departmentLoader = entityLoader<DepartmentRecord>({
  name: 'iam.department',
  from: 'iam.departments',
  columns: DEPARTMENT,
  permission: READ_DEPARTMENT,
  scope: departmentScope,
});
export const projectLoader = entityLoader<ProjectRecord>({
  name: 'iam.project',
  from: 'iam.projects',
  columns: PROJECT,
  permission: READ_PROJECT,
  scope: projectScope,
});

export async function listOrganizations(
  context: RequestContext,
  page: PageArguments,
): Promise<Page<OrganizationRecord>> {
  const source = { from: 'iam.organizations t', columns: ORGANIZATION, reachColumns: { organization: 't.id' } };
  return listByReach(context, source, { permission: READ_ORGANIZATION, filters: {}, page });
}

export async function listDepartments(
  context: RequestContext,
  page: PageArguments & { organizationId?: string | undefined },
): Promise<Page<DepartmentRecord>> {
  const source = {
    from: 'iam.departments t',
    columns: DEPARTMENT,
    reachColumns: { organization: 't.organization_id', department: 't.id' },
  };
  return listByReach(context, source, {
    permission: READ_DEPARTMENT,
    filters: { 't.organization_id': page.organizationId },
    page,
  });
}

export async function listProjects(
  context: RequestContext,
  page: PageArguments & {
    organizationId?: string | undefined;
    departmentId?: string | undefined;
    state?: ProjectState | undefined;
  },
): Promise<Page<ProjectRecord>> {
  const source = {
    from: 'iam.projects t',
    columns: PROJECT,
    reachColumns: { organization: 't.organization_id', department: 't.department_id', project: 't.id' },
  };
  const filters = {
    't.organization_id': page.organizationId,
    't.department_id': page.departmentId,
    't.state': page.state,
  };
  return listByReach(context, source, { permission: READ_PROJECT, filters, page });
}
