import fc from 'fast-check';
import { z } from 'zod';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Actor, systemActor } from '../../../kernel/access/actor.js';
import type { Scope } from '../../../kernel/access/authority.js';
import { defineCommand } from '../../../kernel/commands/command.js';
import { loadConfiguration } from '../../../kernel/configuration/configuration.js';
import { isPlatformError } from '../../../kernel/errors/platform-error.js';
import { accept } from '../../../kernel/errors/refusal.js';
import { reachCondition } from '../../../kernel/graphql/request-context.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { Kernel } from '../../../kernel/kernel.js';
import { createLogger } from '../../../kernel/telemetry/logger.js';
import { testHuman } from '../../../kernel/testing/test-kernel.js';
import { type AccessParts, createAccessParts } from './access-parts.js';
import { iamDefinition } from './index.js';
import { NOW, type World, oracleAllows, questions, worlds } from './testing/access-worlds.js';
import { clearPlatform, storeWorld } from './testing/store-world.js';
import { type TestIam, startTestIam } from './testing/test-iam.js';
import { TestRegistry } from './testing/test-registry.js';

const WORLDS = 25;
let iam: TestIam;
let other: { kernel: Kernel; access: AccessParts };

/** The same database, as a second process sees it: nothing shared but what is committed. */
async function startOther(): Promise<typeof other> {
  const configuration = loadConfiguration({ CP_ENVIRONMENT: 'test', CP_LOG_LEVEL: 'silent', DATABASE_POOL_SIZE: '4' });
  const logger = createLogger({ level: 'silent' });
  const kernel = new Kernel({
    configuration,
    databaseUrl: iam.test.database.superuserUrl,
    domains: [iamDefinition],
    logger,
  });
  await kernel.start();
  const audit = { append: () => newId('aud') };
  const access = createAccessParts({ kernel, registry: iam.registry, audit, sshPublicKeys: async () => [] });
  kernel.pipeline.useAuthority(access.authority);
  await access.start();
  return { kernel, access };
}

beforeAll(async () => {
  const registry = new TestRegistry();
  registry.addPermission('test.thing.read', ['project_viewer', 'platform_viewer']);
  registry.addPermission('test.thing.create', ['project_member']);
  registry.addPermission('test.thing.release', ['project_admin', 'platform_operator']);
  registry.addPermission('test.other.read', ['organization_viewer']);
  registry.addPermission('test.other.update', ['organization_owner']);
  iam = await startTestIam({ registry });
  other = await startOther();
});
afterAll(async () => {
  await other.access.stop();
  await other.kernel.close();
  await iam.close();
});

async function compare(world: World, organizationId: string): Promise<number> {
  const { kernel } = iam.test;
  const stored = await storeWorld(kernel.database, world, organizationId);
  const neighbour = newId('org');
  let cases = 0;
  for (const { principalId, permission, scope } of questions(stored)) {
    const actor = testHuman([organizationId], { id: principalId });
    const asked: Scope = { level: scope.level, id: scope.id, organizationId };
    const expected = oracleAllows(stored, principalId, permission, scope.id);
    const { isAllowed, reason } = await iam.access.authority.decide(actor, permission, asked, stored.revision);
    expect({ isAllowed, reason: isAllowed ? 'ALLOWED' : reason }).toEqual({
      isAllowed: expected,
      reason: expected ? 'ALLOWED' : reason,
    });
    const outsider = await iam.access.authority.decide({ ...actor, organizationIds: [neighbour] }, permission, asked);
    expect(outsider).toMatchObject({ isAllowed: false, isScopeVisible: false });
    cases += 2;
  }
  for (const { principalId, permission } of questions(stored).filter(({ scope }) => scope.level === 'organization')) {
    const actor = testHuman([organizationId], { id: principalId });
    const reach = await iam.access.authority.reach(actor, permission);
    const { condition, values } = reachCondition(
      reach,
      { organization: 'organization_id', department: 'department_id', project: 'id' },
      1,
    );
    const select = async (isolation: readonly string[], where: string): Promise<string[]> =>
      kernel.database.read(isolation, async (tx) =>
        (
          await tx.rows<{ id: string }>(`select id from iam.projects where ${where}`, where === 'true' ? [] : values)
        ).map((row) => row.id),
      );
    const listed = await select([organizationId], condition);
    const expected = stored.organization.scopes
      .filter((scope) => scope.level === 'project' && oracleAllows(stored, principalId, permission, scope.id))
      .map((scope) => scope.id);
    // What the authorizer allows is what the list shows, and lies within what the rows show; nothing shows elsewhere.
    expect([...listed].sort()).toEqual([...expected].sort());
    const shown = await select([organizationId], 'true');
    expect(expected.filter((id) => !shown.includes(id))).toEqual([]);
    expect(await select([neighbour], condition)).toEqual([]);
    cases += 3;
  }
  return cases;
}

it('agrees in decisions, lists and row level security with the naive evaluator', async () => {
  const samples = fc.sample(worlds, WORLDS);
  let cases = 0;
  for (const world of samples) {
    const shifted: World = {
      ...world,
      permissions: iam.registry.permissions().filter(({ id }) => id.startsWith('test.')),
    };
    cases += await compare(shifted, newId('org'));
  }
  await clearPlatform(iam.test.kernel.database);
  process.stdout.write(
    `decisions, lists and rows compared with the oracle in the database: ${cases} in ${WORLDS} worlds (now ${NOW})\n`,
  );
  expect(cases).toBeGreaterThan(WORLDS * 100);
});

it('never ignores a revocation that was acknowledged, in this process or another, under load', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, organizationId, []);
  let started = 0;
  const outcomes: { order: number; isAllowed: boolean }[] = [];
  const stopping = new AbortController();
  const client = async (place: { kernel: Kernel; access: AccessParts }): Promise<void> => {
    while (!stopping.signal.aborted) {
      started += 1;
      const order = started;
      const isAllowed = await rename(place, member, projectId);
      outcomes.push({ order, isAllowed });
    }
  };
  const here = { kernel: iam.test.kernel, access: iam.access };
  const clients = [client(here), client(other), client(other)];
  for (let round = 0; round < 10; round += 1) {
    const { id } = await iam.asSystem(iam.access.commands.createRoleBinding, {
      scopeId: projectId,
      principalId: member.id,
      role: 'project_admin',
    });
    const grantedAt = started;
    await settle(outcomes, grantedAt, 6);
    // Begun after the grant, over before the revocation: the grant was in force all the time.
    const inForce = outcomes.filter(({ order }) => order > grantedAt);
    expect(inForce.map(({ isAllowed }) => isAllowed)).not.toContain(false);
    await iam.asSystem(iam.access.commands.revokeRoleBinding, { id });
    const revokedAt = started;
    await settle(outcomes, revokedAt, 6);
    expect(outcomes.filter(({ order }) => order > revokedAt).map(({ isAllowed }) => isAllowed)).not.toContain(true);
    outcomes.length = 0;
  }
  stopping.abort();
  await Promise.all(clients);
});

async function rename(place: { kernel: Kernel; access: AccessParts }, actor: Actor, id: string): Promise<boolean> {
  try {
    const command = place.access.commands.renameProject;
    const result = await place.kernel.pipeline.execute(
      command,
      { id, name: `Name ${newId('tmp')}` },
      { actor, correlationId: newId('cor') },
    );
    return result.ok;
  } catch (error) {
    if (isPlatformError(error) && ['FORBIDDEN', 'NOT_FOUND'].includes(error.code)) return false;
    throw error;
  }
}

async function settle(outcomes: readonly { order: number }[], after: number, count: number): Promise<void> {
  while (outcomes.filter(({ order }) => order > after).length < count) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

it('acknowledges a revocation only when every command that was decided before it is over', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, organizationId, []);
  const { id } = await iam.asSystem(iam.access.commands.createRoleBinding, {
    scopeId: projectId,
    principalId: member.id,
    role: 'project_admin',
  });
  const gate = Promise.withResolvers<void>();
  const isInside = Promise.withResolvers<void>();
  const slow = defineCommand({
    action: 'test.thing.release',
    input: z.object({}),
    scope: () => ({ level: 'project', id: projectId, organizationId }) as const,
    async run() {
      isInside.resolve();
      await gate.promise;
      return accept({});
    },
  });
  const order: string[] = [];
  const command = other.kernel.pipeline
    .execute(slow, {}, { actor: member, correlationId: newId('cor') })
    .then(() => order.push('command'));
  await isInside.promise;
  const revocation = iam.asSystem(iam.access.commands.revokeRoleBinding, { id }).then(() => order.push('revocation'));
  await new Promise((resolve) => {
    setTimeout(resolve, 150);
  });
  expect(order).toEqual([]);
  gate.resolve();
  await Promise.all([command, revocation]);
  expect(order[0]).toBe('command');
});

it('sees a change of another process in reads within its budget, without being asked for a revision', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, projectId, []);
  const scope: Scope = { level: 'project', id: projectId, organizationId };
  expect((await other.access.authority.decide(member, 'test.thing.read', scope)).isAllowed).toBe(false);
  const heard = new Promise<void>((resolve) => {
    other.access.authority.onAccessChange((changed) => {
      if (changed === organizationId) resolve();
    });
  });
  await iam.asSystem(iam.access.commands.createRoleBinding, {
    scopeId: projectId,
    principalId: member.id,
    role: 'project_viewer',
  });
  await heard;
  expect((await other.access.authority.decide(member, 'test.thing.read', scope)).isAllowed).toBe(true);
});

it('answers nobody from the past while newer data is being loaded, nor when changes come faster than loads', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, projectId, []);
  const scope: Scope = { level: 'project', id: projectId, organizationId };
  const ask = async (): Promise<boolean[]> =>
    Promise.all(
      Array.from(
        { length: 30 },
        async () => (await iam.access.authority.decide(member, 'test.thing.read', scope)).isAllowed,
      ),
    );
  expect(new Set(await ask())).toEqual(new Set([false]));
  const binding = { scopeId: projectId, principalId: member.id, role: 'project_viewer' };
  await iam.asSystem(iam.access.commands.createRoleBinding, binding);
  expect(new Set(await ask())).toEqual(new Set([true]));
  const storm = Array.from({ length: 12 }, (_, index) =>
    iam.asSystem(iam.access.commands.renameProject, { id: projectId, name: `Name ${index}` }),
  );
  const during = await Promise.all(Array.from({ length: 12 }, ask));
  await Promise.all(storm);
  expect(new Set(during.flat())).toEqual(new Set([true]));
});

it('denies when access data cannot be brought up to date', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const decision = await iam.access.authority.decide(
    owner,
    'test.thing.read',
    { level: 'project', id: projectId, organizationId },
    '1.999999',
  );
  expect(decision).toMatchObject({ isAllowed: false, reason: 'STALE_DATA', isScopeVisible: true });
});

it('gives the system everything and strangers nothing', async () => {
  const { projectId, organizationId } = await iam.organization();
  const scope: Scope = { level: 'project', id: projectId, organizationId };
  const { authority } = iam.access;
  expect((await authority.decide(systemActor('test'), 'test.thing.read', scope)).isAllowed).toBe(true);
  expect((await authority.reach(systemActor('test'), 'test.thing.read')).isEverywhere).toBe(true);
  const nobody: Actor = { kind: 'anonymous', id: 'anonymous', displayName: '', organizationIds: [], assurance: 0 };
  expect((await authority.decide(nobody, 'test.thing.read', scope)).isAllowed).toBe(false);
  expect(await authority.holdsAnywhere(nobody, 'test.thing.read')).toBe(false);
});
