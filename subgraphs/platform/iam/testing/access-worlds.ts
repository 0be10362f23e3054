import fc from 'fast-check';
import type { RegisteredPermission } from '../../registry/index.js';
import { type AccessFacts, type BindingFact, EVERYONE, type ScopeFact } from '../domain/access/access-facts.js';
import { BUILT_IN_ROLES, includedRoles } from '../domain/access/built-in-roles.js';

export const NOW = 1_800_000_000_000;
const PERMISSIONS = [
  'test.thing.read',
  'test.thing.create',
  'test.thing.release',
  'test.other.read',
  'test.other.update',
];
const PRINCIPALS = ['usr_a', 'usr_b', 'usr_c', 'sva_d'];
const GROUPS = ['grp_x', 'grp_y', 'grp_z'];
/** Groups of the platform's staff have their own members: an organization's group is never bound at the platform. */
const STAFF_GROUPS = ['grp_s', 'grp_t'];
const CUSTOM = ['rol_one', 'rol_two', 'rol_three'];

/** A whole small world: the platform and one organization, as facts and nothing else. */
export interface World {
  readonly permissions: readonly RegisteredPermission[];
  readonly platform: AccessFacts;
  readonly organization: AccessFacts;
}

const someOf = (values: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...values]);
const bindable = BUILT_IN_ROLES.filter((role) => !role.levels.includes('platform')).map((role) => role.id);
const platformRoles = BUILT_IN_ROLES.filter((role) => role.levels.includes('platform')).map((role) => role.id);
const expiry = fc.option(fc.constantFrom(NOW - 60_000, NOW, NOW + 1, NOW + 60_000), { nil: null, freq: 3 });

function bindings(
  name: string,
  scopeIds: readonly string[],
  of: { roles: readonly string[]; groups: readonly string[] },
  size: number,
): fc.Arbitrary<BindingFact[]> {
  const one = fc.record({
    scopeId: fc.constantFrom(...scopeIds),
    principalId: fc.constantFrom(...PRINCIPALS, ...of.groups),
    roleId: fc.constantFrom(...of.roles),
    effect: fc.oneof(
      { weight: 8, arbitrary: fc.constant('allow' as const) },
      { weight: 2, arbitrary: fc.constant('deny' as const) },
      { weight: 1, arbitrary: fc.constant('guardrail' as const) },
    ),
    expiresAt: expiry,
  });
  return fc.array(one, { maxLength: size }).map((list) =>
    list.map((binding, index) => ({
      ...binding,
      id: `${name}_${index}`,
      principalId: binding.effect === 'guardrail' ? EVERYONE : binding.principalId,
    })),
  );
}

function membersOf(groups: readonly string[], size: number): fc.Arbitrary<{ groupId: string; memberId: string }[]> {
  return fc.uniqueArray(
    fc.record({ groupId: fc.constantFrom(...groups), memberId: fc.constantFrom(...PRINCIPALS, ...groups) }),
    {
      maxLength: size,
      selector: ({ groupId, memberId }) => `${groupId} ${memberId}`,
    },
  );
}

const scopes = fc
  .record({ departments: fc.integer({ min: 1, max: 3 }), projects: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }) })
  .map(({ departments, projects }): ScopeFact[] => [
    { id: 'org_1', level: 'organization', parentId: null, name: 'org', isActive: true },
    ...Array.from({ length: departments }, (_, index): ScopeFact => ({
      id: `dep_${index}`,
      level: 'department',
      parentId: 'org_1',
      name: 'd',
      isActive: true,
    })),
    ...projects.map((department, index): ScopeFact => ({
      id: `prj_${index}`,
      level: 'project',
      parentId: `dep_${department % departments}`,
      name: 'p',
      isActive: true,
    })),
  ]);

const roleNames = BUILT_IN_ROLES.map((role) => role.name);

export const worlds: fc.Arbitrary<World> = scopes.chain((tree) =>
  fc.record({
    permissions: fc
      .tuple(...PERMISSIONS.map(() => someOf(roleNames)))
      .map((lists) =>
        PERMISSIONS.map((id, index) => ({ id, description: '', roles: lists[index] ?? [], needsStepUp: false })),
      ),
    platform: fc
      .record({
        groupMembers: membersOf(STAFF_GROUPS, 3),
        bindings: bindings('up', ['platform'], { roles: platformRoles, groups: STAFF_GROUPS }, 3),
        revoked: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: someOf(PRINCIPALS) }),
      })
      .map((platform): AccessFacts => ({
        organizationId: null,
        revision: 1n,
        isSuspended: false,
        scopes: [{ id: 'platform', level: 'platform', parentId: null, name: 'p', isActive: true }],
        customRoles: [],
        groupMembers: platform.groupMembers,
        members: [],
        bindings: platform.bindings,
        revokedPrincipals: platform.revoked,
      })),
    organization: fc
      .record({
        roles: fc.tuple(...CUSTOM.map(() => someOf(PERMISSIONS))),
        groupMembers: membersOf(GROUPS, 6),
        bindings: bindings(
          'in',
          tree.map((scope) => scope.id),
          { roles: [...CUSTOM, ...bindable], groups: GROUPS },
          14,
        ),
      })
      .map((inside): AccessFacts => ({
        organizationId: 'org_1',
        revision: 1n,
        isSuspended: false,
        scopes: tree,
        customRoles: CUSTOM.map((id, index) => ({ id, permissions: inside.roles[index] ?? [] })),
        groupMembers: inside.groupMembers,
        members: PRINCIPALS,
        bindings: inside.bindings,
        revokedPrincipals: [],
      })),
  }),
);

/** Every question that a world has. */
export function questions(world: World): { principalId: string; permission: string; scope: ScopeFact }[] {
  return PRINCIPALS.flatMap((principalId) =>
    PERMISSIONS.flatMap((permission) => world.organization.scopes.map((scope) => ({ principalId, permission, scope }))),
  );
}

/** The oracle: decides from the definition, slowly, and shares nothing with the engine but the table of built-in roles. */
export function oracleAllows(world: World, principalId: string, permission: string, scopeId: string): boolean {
  const parents = new Map(world.organization.scopes.map((scope) => [scope.id, scope.parentId ?? 'platform']));
  const chain = ['platform'];
  for (let at: string | undefined = scopeId; at !== undefined && at !== 'platform'; at = parents.get(at))
    chain.push(at);
  const who = new Set([principalId]);
  const memberships = [...world.organization.groupMembers, ...world.platform.groupMembers];
  for (let round = 0; round < GROUPS.length; round += 1)
    for (const { groupId, memberId } of memberships) if (who.has(memberId)) who.add(groupId);
  const live = [...world.platform.bindings, ...world.organization.bindings].filter(
    ({ scopeId: at, expiresAt }) => chain.includes(at) && (expiresAt === null || expiresAt > NOW),
  );
  const holding = (effect: string): BindingFact[] =>
    live.filter(
      (binding) =>
        binding.effect === effect &&
        who.has(binding.principalId) &&
        permissionsOf(world, binding.roleId).includes(permission),
    );
  const isInside = live
    .filter(({ effect }) => effect === 'guardrail')
    .every((guardrail) => permissionsOf(world, guardrail.roleId).includes(permission));
  return (
    holding('allow').length > 0 &&
    holding('deny').length === 0 &&
    isInside &&
    !world.platform.revokedPrincipals.includes(principalId)
  );
}

export function permissionsOf(world: World, roleId: string): readonly string[] {
  const custom = world.organization.customRoles.find((role) => role.id === roleId);
  if (custom !== undefined) return custom.permissions;
  const builtIn = BUILT_IN_ROLES.find((role) => role.id === roleId);
  if (builtIn === undefined) return [];
  const included = includedRoles(builtIn.name);
  return world.permissions
    .filter((permission) => builtIn.name === 'platform_admin' || permission.roles.some((name) => included.has(name)))
    .map((permission) => permission.id);
}
