import { createHash } from 'node:crypto';
import { TypeID } from 'typeid-js';

export type ScopeLevel = 'platform' | 'organization' | 'department' | 'project';

export interface BuiltInRole {
  readonly id: string;
  readonly name: BuiltInRoleName;
  readonly title: string;
  readonly description: string;
  /** Roles whose permissions it has too. */
  readonly includes: readonly BuiltInRoleName[];
  /** Levels at which it may be bound. */
  readonly levels: readonly ScopeLevel[];
}

export type BuiltInRoleName =
  | 'platform_admin'
  | 'platform_operator'
  | 'platform_viewer'
  | 'organization_owner'
  | 'organization_admin'
  | 'billing_admin'
  | 'organization_viewer'
  | 'project_admin'
  | 'project_member'
  | 'project_viewer'
  | 'app_worker';

/** The same in every deployment: derived from the name, in the form of a UUID version 8. */
export function builtInRoleId(name: string): string {
  const bytes = createHash('sha256').update(`gpu-control-plane role ${name}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return TypeID.fromUUIDBytes('rol', bytes).toString();
}

const ORGANIZATION: readonly ScopeLevel[] = ['organization'];
const INSIDE: readonly ScopeLevel[] = ['organization', 'department', 'project'];

const TABLE: readonly Omit<BuiltInRole, 'id'>[] = [
  {
    name: 'platform_admin',
    title: 'Platform administrator',
    description: 'Everything, everywhere.',
    includes: ['platform_operator', 'organization_owner'],
    levels: ['platform'],
  },
  {
    name: 'platform_operator',
    title: 'Platform operator',
    description: 'Runs the platform: onboarding, fleet, incidents.',
    includes: ['platform_viewer'],
    levels: ['platform'],
  },
  {
    name: 'platform_viewer',
    title: 'Platform viewer',
    description: 'Sees how the platform stands.',
    includes: [],
    levels: ['platform'],
  },
  {
    name: 'organization_owner',
    title: 'Organization owner',
    description: 'Everything in one organization.',
    includes: ['organization_admin', 'billing_admin'],
    levels: ORGANIZATION,
  },
  {
    name: 'organization_admin',
    title: 'Organization administrator',
    description: 'Members, projects, access and limits of one organization.',
    includes: ['organization_viewer', 'project_admin'],
    levels: ORGANIZATION,
  },
  {
    name: 'billing_admin',
    title: 'Billing administrator',
    description: 'Money of one organization.',
    includes: [],
    levels: ORGANIZATION,
  },
  {
    name: 'organization_viewer',
    title: 'Organization viewer',
    description: 'Sees everything in one organization.',
    includes: ['project_viewer'],
    levels: ORGANIZATION,
  },
  {
    name: 'project_admin',
    title: 'Project administrator',
    description: 'Everything in a project, and its access.',
    includes: ['project_member', 'app_worker'],
    levels: INSIDE,
  },
  {
    name: 'project_member',
    title: 'Project member',
    description: 'Works in a project: launches, uses and releases.',
    includes: ['project_viewer'],
    levels: INSIDE,
  },
  {
    name: 'project_viewer',
    title: 'Project viewer',
    description: 'Sees what is in a project.',
    includes: [],
    levels: INSIDE,
  },
  {
    name: 'app_worker',
    title: 'App worker',
    description: 'Leases and reports work of app instances; for service accounts.',
    includes: [],
    levels: INSIDE,
  },
];

export const BUILT_IN_ROLES: readonly BuiltInRole[] = TABLE.map((role) => ({ ...role, id: builtInRoleId(role.name) }));

const byId = new Map(BUILT_IN_ROLES.map((role) => [role.id, role]));
const byName = new Map<string, BuiltInRole>(BUILT_IN_ROLES.map((role) => [role.name, role]));

/** A built-in role by its name or identifier. */
export function builtInRole(nameOrId: string): BuiltInRole | null {
  return byName.get(nameOrId) ?? byId.get(nameOrId) ?? null;
}

/** The role itself and every role that it includes, at any depth. */
export function includedRoles(name: BuiltInRoleName): Set<string> {
  const found = new Set<string>();
  const queue: BuiltInRoleName[] = [name];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    queue.push(...(byName.get(next)?.includes ?? []));
  }
  return found;
}
