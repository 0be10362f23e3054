import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { RegisteredPermission } from '../../../registry/index.js';
import type { AccessFacts, BindingFact, ScopeFact } from './access-facts.js';
import { AccessSnapshot } from './access-snapshot.js';
import { builtInRoleId } from './built-in-roles.js';
import { decideAccess } from './decide-access.js';
import { RoleCatalogue } from './role-catalogue.js';

export interface DecisionBenchmark {
  readonly bindings: number;
  readonly decisions: number;
  /** Building the snapshot from its facts, in milliseconds. */
  readonly buildMilliseconds: number;
  /** A principal's first decision compiles what it has: the mean, in microseconds. */
  readonly firstMicroseconds: number;
  /** Every later decision: the mean, in microseconds. */
  readonly laterMicroseconds: number;
  readonly heapBytes: number;
}

/** Measures decisions in one organization of so many bindings: `bindings / 10` people in groups, over 1,000 projects. */
export function benchmarkDecisions(options: { bindings?: number; decisions?: number } = {}): DecisionBenchmark {
  const { bindings = 100_000, decisions = 200_000 } = options;
  const world = largeWorld(bindings);
  const heapBefore = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  const organization = new AccessSnapshot(world.organization, world.catalogue);
  const buildMilliseconds = performance.now() - startedAt;
  const platform = new AccessSnapshot(world.platform, world.catalogue);
  const decide = (index: number): boolean => {
    const actor = world.actors[index % world.actors.length];
    const scope = world.scopes[(index * 7) % world.scopes.length];
    const permission = world.permissions[index % world.permissions.length];
    if (actor === undefined || scope === undefined || permission === undefined) throw new Error('the world is empty');
    return decideAccess({ actor, permission, scope, platform, organization, now: 0 }).reason === 'ALLOWED';
  };
  const first = measure(world.actors.length, decide);
  const later = measure(decisions, decide);
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  return { bindings, decisions, buildMilliseconds, firstMicroseconds: first, laterMicroseconds: later, heapBytes };
}

function measure(count: number, run: (index: number) => boolean): number {
  const startedAt = performance.now();
  let allowed = 0;
  for (let index = 0; index < count; index += 1) if (run(index)) allowed += 1;
  if (allowed > count) throw new Error('impossible');
  return ((performance.now() - startedAt) * 1000) / count;
}

function largeWorld(count: number) {
  const permissions: RegisteredPermission[] = Array.from({ length: 200 }, (_, index) => ({
    id: `bench.thing_${'abcdefghij'[Math.floor(index / 20)]}.verb_${'abcdefghijklmnopqrst'[index % 20]}`,
    description: '',
    roles: index % 3 === 0 ? ['project_viewer'] : ['project_member'],
    needsStepUp: false,
  }));
  const organizationId = newId('org');
  const departments: ScopeFact[] = Array.from({ length: 20 }, () => ({
    id: newId('dep'),
    level: 'department',
    parentId: organizationId,
    name: '',
    isActive: true,
  }));
  const projects: ScopeFact[] = Array.from({ length: 1000 }, (_, index) => ({
    id: newId('prj'),
    level: 'project',
    parentId: departments[index % 20]?.id ?? '',
    name: '',
    isActive: true,
  }));
  const people = Array.from({ length: count / 10 }, () => newId('usr'));
  const groups = Array.from({ length: 100 }, () => newId('grp'));
  const roles = ['project_viewer', 'project_member', 'project_admin'].map(builtInRoleId);
  const at = <Item>(items: readonly Item[], index: number): Item => items[index % items.length] as Item;
  const bindings: BindingFact[] = Array.from({ length: count }, (_, index) => ({
    id: `rbd_${index}`,
    scopeId: at(projects, index * 13).id,
    principalId: index % 50 === 0 ? at(groups, index) : at(people, index),
    roleId: at(roles, index),
    effect: index % 97 === 0 ? 'deny' : 'allow',
    expiresAt: index % 31 === 0 ? 1 : null,
  }));
  const empty = {
    organizationId: null,
    revision: 1n,
    isSuspended: false,
    customRoles: [],
    groupMembers: [],
    members: [],
    bindings: [],
    revokedPrincipals: [],
  };
  const organization: AccessFacts = {
    ...empty,
    organizationId,
    scopes: [
      { id: organizationId, level: 'organization', parentId: null, name: '', isActive: true },
      ...departments,
      ...projects,
    ],
    groupMembers: people.map((memberId, index) => ({ groupId: at(groups, index), memberId })),
    members: people,
    bindings,
  };
  const platform: AccessFacts = {
    ...empty,
    scopes: [{ id: 'platform', level: 'platform', parentId: null, name: '', isActive: true }],
  };
  const actors: Actor[] = people.map((id) => ({
    kind: 'human',
    id,
    displayName: '',
    organizationIds: [organizationId],
    assurance: 2,
  }));
  const scopes: Scope[] = projects.map(({ id }) => ({ level: 'project', id, organizationId }));
  return {
    organization,
    platform,
    catalogue: new RoleCatalogue(permissions),
    actors,
    scopes,
    permissions: permissions.map(({ id }) => id),
  };
}
