import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import type { ScopeLookup } from '../../../../kernel/commands/command.js';
import { levelOf } from '../domain/scope-level.js';

interface PlaceRow {
  readonly [column: string]: unknown;
  readonly organization_id: string;
}

const STATEMENTS = {
  organization: 'select id as organization_id from iam.organizations where id = $1',
  department: 'select organization_id from iam.departments where id = $1',
  project: 'select organization_id from iam.projects where id = $1',
} as const;

/** The scope of an identifier (`platform`, `org_…`, `dep_…`, `prj_…`); null when there is none. */
export async function findScope(lookup: ScopeLookup, scopeId: string): Promise<Scope | null> {
  const level = levelOf(scopeId);
  if (level === null) return null;
  if (level === 'platform') return PLATFORM_SCOPE;
  const row = await lookup.row<PlaceRow>(STATEMENTS[level], [scopeId]);
  return row === null ? null : { level, id: scopeId, organizationId: row.organization_id };
}

/** The scope above: where a limit on this one is decided. Null above the platform. */
export async function findParentScope(lookup: ScopeLookup, scope: Scope): Promise<Scope | null> {
  if (scope.level === 'platform') return null;
  if (scope.level === 'organization') return PLATFORM_SCOPE;
  if (scope.level === 'department') return findScope(lookup, scope.organizationId ?? '');
  const row = await lookup.row<{ department_id: string }>('select department_id from iam.projects where id = $1', [
    scope.id,
  ]);
  return row === null ? null : findScope(lookup, row.department_id);
}

/** Where the thing lives that a row of `table` names: its organization, or the platform when it has none. */
export async function findOwner(lookup: ScopeLookup, table: 'groups' | 'roles', id: string): Promise<Scope | null> {
  const row = await lookup.row<{ organization_id: string | null }>(
    `select organization_id from iam.${table} where id = $1`,
    [id],
  );
  if (row === null) return null;
  return row.organization_id === null
    ? PLATFORM_SCOPE
    : { level: 'organization', id: row.organization_id, organizationId: row.organization_id };
}
