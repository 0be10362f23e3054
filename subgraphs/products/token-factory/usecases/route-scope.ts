import type { Scope } from '../../../../kernel/access/authority.js';
import type { ScopeLookup } from '../../../../kernel/commands/command.js';
import type { Directory } from '../../../platform/iam/index.js';

/** The scope of an owner: a project, or a whole organization. Null when there is no such thing. */
export async function ownerScope(
  directory: Directory,
  owner: { organizationId?: string | null | undefined; projectId?: string | null | undefined },
): Promise<Scope | null> {
  if (owner.projectId != null) return (await directory.project(owner.projectId))?.scope ?? null;
  if (owner.organizationId != null) return (await directory.organization(owner.organizationId))?.scope ?? null;
  return null;
}

/** The scope that a route lives in. */
export async function routeScope(directory: Directory, routeId: string, lookup: ScopeLookup): Promise<Scope | null> {
  const row = await lookup.row<{ organization_id: string; project_id: string | null }>(
    'select organization_id, project_id from token_factory.model_routes where id = $1',
    [routeId],
  );
  return row === null
    ? null
    : ownerScope(directory, { organizationId: row.organization_id, projectId: row.project_id });
}
