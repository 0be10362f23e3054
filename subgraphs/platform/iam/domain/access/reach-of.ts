import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import type { AccessSnapshot } from './access-snapshot.js';
import { decideAccess } from './decide-access.js';

export interface OrganizationReach {
  readonly organizationIds: string[];
  readonly departmentIds: string[];
  readonly projectIds: string[];
}

/**
 * Where in one organization the actor holds the permission, in as few scopes as can be exact: a scope stands for all
 * below it only when nothing below is taken away. Everything named is allowed by {@link decideAccess}.
 */
export function reachOf(question: {
  actor: Actor;
  permission: string;
  platform: AccessSnapshot;
  organization: AccessSnapshot;
  now: number;
}): OrganizationReach {
  const { organization, platform, actor } = question;
  const organizationId = organization.facts.organizationId ?? '';
  const isAllowed = (scope: { level: Scope['level']; id: string }): boolean =>
    decideAccess({ ...question, scope: { ...scope, organizationId } }).reason === 'ALLOWED';
  const reach: OrganizationReach = { organizationIds: [], departmentIds: [], projectIds: [] };
  if (actor.projectId !== undefined) {
    if (isAllowed({ level: 'project', id: actor.projectId })) reach.projectIds.push(actor.projectId);
    return reach;
  }
  const isRestricted =
    organization.hasRestrictions(organization.grantsOf(actor.id)) ||
    platform.hasRestrictions(platform.grantsOf(actor.id));
  const { scopes } = organization.facts;
  if (!isRestricted) return coarse(organization, isAllowed, reach);
  const allowed = scopes.map((scope) => isAllowed(scope));
  const isWhole = wholeSubtrees(organization, allowed);
  for (const [number, scope] of scopes.entries()) {
    if (!isWhole[number] || isCovered(organization, isWhole, number)) continue;
    add(reach, scope.level, scope.id);
  }
  return reach;
}

function coarse(
  organization: AccessSnapshot,
  isAllowed: (scope: { level: Scope['level']; id: string }) => boolean,
  reach: OrganizationReach,
): OrganizationReach {
  const covered = new Set<number>();
  for (const [number, scope] of organization.facts.scopes.entries()) {
    // Parents come before their children, so one look upward is enough.
    if (covered.has(organization.parentOf(number))) covered.add(number);
    else if (isAllowed(scope)) {
      covered.add(number);
      add(reach, scope.level, scope.id);
    }
  }
  return reach;
}

function wholeSubtrees(organization: AccessSnapshot, allowed: readonly boolean[]): boolean[] {
  const isWhole = [...allowed];
  for (let number = isWhole.length - 1; number > 0; number -= 1) {
    const parent = organization.parentOf(number);
    if (!isWhole[number] && parent >= 0) isWhole[parent] = false;
  }
  return isWhole;
}

function isCovered(organization: AccessSnapshot, isWhole: readonly boolean[], number: number): boolean {
  const parent = organization.parentOf(number);
  return parent >= 0 && isWhole[parent] === true;
}

function add(reach: OrganizationReach, level: Scope['level'], id: string): void {
  if (level === 'organization') reach.organizationIds.push(id);
  else if (level === 'department') reach.departmentIds.push(id);
  else if (level === 'project') reach.projectIds.push(id);
}
