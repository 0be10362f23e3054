import type { Database } from '../../../../kernel/database/database.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { type BindingFact, EVERYONE } from '../domain/access/access-facts.js';
import type { ScopeLevel } from '../domain/access/built-in-roles.js';
import { NOW, type World } from './access-worlds.js';

/** Writes a world as an organization of its own, in place of what the platform had; answers it with its identifiers, and the revision. */
export async function storeWorld(
  database: Database,
  world: World,
  organizationId: string,
): Promise<World & { revision: string }> {
  const names = new Map<string, string>([
    ['org_1', organizationId],
    [EVERYONE, EVERYONE],
    ['platform', 'platform'],
  ]);
  const idOf = (name: string): string => {
    if (name.startsWith('rol_') && name.length > 20) return name;
    const known = names.get(name) ?? newId(name.slice(0, 3));
    names.set(name, known);
    return known;
  };
  // Generated times surround NOW; in the database they surround the present.
  const shift = Date.now() - NOW;
  const stored = rename(world, idOf);
  const revision = await database.transaction('system', async (tx) => {
    await writeHierarchy(tx, stored, organizationId);
    await removePlatformFacts(tx);
    await writeMembers(tx, stored.organization.groupMembers, organizationId);
    await writeMembers(tx, stored.platform.groupMembers, null);
    const levels = new Map<string, ScopeLevel>(
      [...stored.organization.scopes, ...stored.platform.scopes].map((scope) => [scope.id, scope.level]),
    );
    for (const binding of [...stored.organization.bindings, ...stored.platform.bindings])
      await writeBinding(tx, binding, { levels, organizationId, shift });
    for (const id of stored.platform.revokedPrincipals)
      await tx.execute(`insert into iam.revoked_principals (principal_id, reason) values ($1, 'test')`, [id]);
    return `${await advancePlatform(tx)}.1`;
  });
  return { ...stored, revision };
}

/** Takes what the platform of a stored world has away: its guardrails would hold for all that comes after. */
export async function clearPlatform(database: Database): Promise<void> {
  await database.transaction('system', async (tx) => {
    await removePlatformFacts(tx);
    await advancePlatform(tx);
  });
}

async function removePlatformFacts(tx: Transaction): Promise<void> {
  await tx.execute(
    'update iam.role_bindings set revoked_at = now() where organization_id is null and revoked_at is null',
  );
  await tx.execute('delete from iam.group_members where organization_id is null');
  await tx.execute('delete from iam.revoked_principals where organization_id is null');
}

async function advancePlatform(tx: Transaction): Promise<bigint> {
  const row = await tx.row<{ revision: bigint }>(
    `update iam.access_revisions set revision = revision + 1 where scope_id = 'platform' returning revision`,
  );
  return row?.revision ?? 0n;
}

function rename(world: World, idOf: (name: string) => string): World {
  const binding = (fact: BindingFact, index: number): BindingFact => ({
    ...fact,
    id: `${newId('rbd')}${index}`,
    scopeId: idOf(fact.scopeId),
    principalId: idOf(fact.principalId),
    roleId: idOf(fact.roleId),
  });
  const member = ({ groupId, memberId }: { groupId: string; memberId: string }) => ({
    groupId: idOf(groupId),
    memberId: idOf(memberId),
  });
  const { organization, platform } = world;
  const seen = new Set<string>();
  // The table holds each binding once; where a world repeats one, the first stands.
  const once = (fact: BindingFact): boolean => {
    const key = [fact.scopeId, fact.principalId, fact.roleId, fact.effect].join(' ');
    return !seen.has(key) && seen.add(key).size > 0;
  };
  return {
    permissions: world.permissions,
    platform: {
      ...platform,
      groupMembers: platform.groupMembers.map(member),
      bindings: platform.bindings.map(binding).filter(once),
      revokedPrincipals: platform.revokedPrincipals.map(idOf),
    },
    organization: {
      ...organization,
      organizationId: idOf('org_1'),
      scopes: organization.scopes.map((scope) => ({
        ...scope,
        id: idOf(scope.id),
        parentId: scope.parentId === null ? null : idOf(scope.parentId),
      })),
      customRoles: organization.customRoles.map((role) => ({ ...role, id: idOf(role.id) })),
      groupMembers: organization.groupMembers.map(member),
      members: organization.members.map(idOf),
      bindings: organization.bindings.map(binding).filter(once),
    },
  };
}

async function writeHierarchy(tx: Transaction, world: World, organizationId: string): Promise<void> {
  const { scopes, customRoles } = world.organization;
  await tx.execute(
    `insert into iam.organizations (id, type, name, slug, state, state_changed_at, created_at, created_by) values ($1, 'enterprise', $1, $1, 'active', now(), now(), 'test')`,
    [organizationId],
  );
  await tx.execute('insert into iam.access_revisions (scope_id) values ($1)', [organizationId]);
  for (const scope of scopes.filter(({ level }) => level === 'department')) {
    await tx.execute(
      'insert into iam.departments (id, organization_id, name, slug, created_at) values ($1, $2, $1, $1, now())',
      [scope.id, organizationId],
    );
  }
  for (const scope of scopes.filter(({ level }) => level === 'project')) {
    await tx.execute(
      `insert into iam.projects (id, organization_id, department_id, name, slug, state, state_changed_at, created_at, created_by) values ($1, $2, $3, $1, $1, 'active', now(), now(), 'test')`,
      [scope.id, organizationId, scope.parentId],
    );
  }
  for (const role of customRoles) {
    await tx.execute(
      `insert into iam.roles (id, organization_id, name, title, description, permissions, created_at) values ($1, $2, $1, '', '', $3, now())`,
      [role.id, organizationId, role.permissions],
    );
  }
}

async function writeMembers(
  tx: Transaction,
  members: readonly { groupId: string; memberId: string }[],
  organizationId: string | null,
): Promise<void> {
  for (const { groupId, memberId } of members) {
    await tx.execute(
      'insert into iam.groups (id, organization_id, name, created_at) values ($1, $2, $1, now()) on conflict do nothing',
      [groupId, organizationId],
    );
    await tx.execute(
      `insert into iam.group_members (organization_id, group_id, member_type, member_id, created_at, created_by) values ($1, $2, $3, $4, now(), 'test')`,
      [organizationId, groupId, typeOf(memberId), memberId],
    );
  }
}

function typeOf(principalId: string): string {
  if (principalId === EVERYONE) return 'everyone';
  if (principalId.startsWith('grp_')) return 'group';
  return principalId.startsWith('sva_') ? 'service_account' : 'human';
}

async function writeBinding(
  tx: Transaction,
  binding: BindingFact,
  place: { levels: ReadonlyMap<string, ScopeLevel>; organizationId: string; shift: number },
): Promise<void> {
  const level = place.levels.get(binding.scopeId) ?? 'platform';
  const expiresAt =
    binding.expiresAt === null
      ? null
      : new Date(binding.expiresAt === NOW + 1 ? Date.now() + 30_000 : binding.expiresAt + place.shift);
  await tx.execute(
    `insert into iam.role_bindings (id, organization_id, scope_level, scope_id, principal_type, principal_id, role_id, effect, expires_at, created_at, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), 'test')`,
    [
      binding.id,
      level === 'platform' ? null : place.organizationId,
      level,
      binding.scopeId,
      typeOf(binding.principalId),
      binding.principalId,
      binding.roleId,
      binding.effect,
      expiresAt,
    ],
  );
}
