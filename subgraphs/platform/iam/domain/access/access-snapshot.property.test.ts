import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { NOW, type World, oracleAllows, questions, worlds } from '../../testing/access-worlds.js';
import { AccessSnapshot } from './access-snapshot.js';
import { decideAccess } from './decide-access.js';
import { reachOf } from './reach-of.js';
import { RoleCatalogue } from './role-catalogue.js';

const WORLDS = 1500;

function actor(id: string): Actor {
  return { kind: 'human', id, displayName: id, organizationIds: '*', assurance: 2 };
}

function snapshotsOf(world: World): { platform: AccessSnapshot; organization: AccessSnapshot } {
  const catalogue = new RoleCatalogue(world.permissions);
  return {
    platform: new AccessSnapshot(world.platform, catalogue),
    organization: new AccessSnapshot(world.organization, catalogue),
  };
}

it('decides as the naive evaluator does, in every world', () => {
  let cases = 0;
  let allowed = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const snapshots = snapshotsOf(world);
      for (const { principalId, permission, scope } of questions(world)) {
        const expected = oracleAllows(world, principalId, permission, scope.id);
        const verdict = decideAccess({
          ...snapshots,
          actor: actor(principalId),
          permission,
          scope: { level: scope.level, id: scope.id, organizationId: 'org_1' },
          now: NOW,
        });
        if ((verdict.reason === 'ALLOWED') !== expected)
          throw new Error(`${principalId} ${permission} ${scope.id}: ${verdict.reason}, expected ${String(expected)}`);
        if (expected && !verdict.isScopeVisible) throw new Error('allowed, but not visible');
        cases += 1;
        allowed += expected ? 1 : 0;
      }
    }),
    { numRuns: WORLDS },
  );
  process.stdout.write(`access decisions compared with the oracle: ${cases} in ${WORLDS} worlds, ${allowed} allowed\n`);
  expect(cases).toBeGreaterThan(WORLDS * 60);
  expect(allowed).toBeGreaterThan(cases / 50);
});

it('reaches in lists exactly the projects that it would allow one by one', () => {
  let cases = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const snapshots = snapshotsOf(world);
      for (const { principalId, permission } of questions(world)) {
        const reach = reachOf({ ...snapshots, actor: actor(principalId), permission, now: NOW });
        for (const scope of world.organization.scopes.filter(({ level }) => level === 'project')) {
          const isReached =
            reach.organizationIds.includes('org_1') ||
            reach.departmentIds.includes(scope.parentId ?? '') ||
            reach.projectIds.includes(scope.id);
          expect(isReached).toBe(oracleAllows(world, principalId, permission, scope.id));
          cases += 1;
        }
      }
    }),
    { numRuns: WORLDS / 10 },
  );
  process.stdout.write(`projects reached compared with the oracle: ${cases}\n`);
  expect(cases).toBeGreaterThan(1000);
});

it('never reaches outside the project that a credential is bound to', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const snapshots = snapshotsOf(world);
      for (const { principalId, permission, scope } of questions(world)) {
        const bound: Actor = {
          ...actor(principalId),
          kind: 'service_account',
          projectId: 'prj_0',
          allowList: ['test.thing.*'],
        };
        const asked: Scope = { level: scope.level, id: scope.id, organizationId: 'org_1' };
        const { reason } = decideAccess({ ...snapshots, actor: bound, permission, scope: asked, now: NOW });
        const may =
          scope.id === 'prj_0' &&
          permission.startsWith('test.thing.') &&
          oracleAllows(world, principalId, permission, scope.id);
        expect(reason === 'ALLOWED').toBe(may);
      }
    }),
    { numRuns: WORLDS / 10 },
  );
});
