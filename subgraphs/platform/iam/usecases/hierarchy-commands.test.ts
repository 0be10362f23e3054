import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Actor, systemActor } from '../../../../kernel/access/actor.js';
import type { Command } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { loadConfiguration } from '../../../../kernel/configuration/configuration.js';
import { testHuman } from '../../../../kernel/testing/test-kernel.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import { type TestIam, startTestIam } from '../testing/test-iam.js';
import type { AccessCommands } from './access-commands.js';
import { seedFirstOperators } from './members/seed-first-operators.js';

let iam: TestIam;
let commands: AccessCommands;
beforeAll(async () => {
  iam = await startTestIam();
  commands = iam.access.commands;
});
afterAll(() => iam.close());

const run: TestIam['execute'] = (actor, command, input) => iam.execute(actor, command, input);
const system = (command: Command, input: object): Promise<unknown> => run(systemActor('test'), command, input);
const refused = (code: string): object => ({ ok: false, refusals: [{ code }] });

async function platformActor(role: string): Promise<Actor> {
  const { owner } = await iam.organization();
  await iam.asSystem(commands.createRoleBinding, { scopeId: 'platform', principalId: owner.id, role });
  return testHuman('*', { id: owner.id, authenticatedAt: Math.floor(Date.now() / 1000) });
}

it('moves an organization through its states, and refuses what a state does not allow', async () => {
  const { organizationId: id, projectId, owner } = await iam.organization();
  const reason = 'test';
  expect(await system(commands.reinstateOrganization, { id, reason })).toMatchObject(refused('INVALID_STATE'));
  expect(await system(commands.suspendOrganization, { id, reason })).toMatchObject({ ok: true });
  expect(await system(commands.suspendOrganization, { id, reason })).toMatchObject(refused('INVALID_STATE'));
  await expect(run(owner, commands.createDepartment, { organizationId: id, name: 'Research' })).rejects.toMatchObject({
    code: 'FORBIDDEN',
    message: expect.stringContaining('suspended'),
  });
  expect(await system(commands.reinstateOrganization, { id, reason })).toMatchObject({ ok: true });
  expect(await run(owner, commands.createDepartment, { organizationId: id, name: 'Research' })).toMatchObject({
    ok: true,
  });
  expect(await system(commands.closeOrganization, { id, reason })).toMatchObject(refused('IN_USE'));
  expect(await system(commands.archiveProject, { id: projectId, reason })).toMatchObject({ ok: true });
  expect(await system(commands.closeOrganization, { id, reason })).toMatchObject({ ok: true });
  expect(await system(commands.reinstateOrganization, { id, reason })).toMatchObject(refused('INVALID_STATE'));
  expect(await system(commands.createProject, { organizationId: id, name: 'Late' })).toMatchObject(
    refused('INVALID_STATE'),
  );
});

it('asks for a second factor before it closes an organization', async () => {
  const admin = await platformActor('platform_admin');
  const { organizationId: id } = await iam.organization();
  const weak: Actor = { ...admin, assurance: 1 };
  const old: Actor = { ...admin, authenticatedAt: Math.floor(Date.now() / 1000) - 16 * 60 };
  for (const actor of [weak, old])
    await expect(run(actor, commands.closeOrganization, { id, reason: 'test' })).rejects.toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
  expect(await run(admin, commands.closeOrganization, { id, reason: 'test' })).toMatchObject(refused('IN_USE'));
});

it('keeps names unique, and puts a project into a department of its own organization only', async () => {
  const { organizationId, departmentId, projectId } = await iam.organization('Unique Name');
  const other = await iam.organization();
  expect(await system(commands.createOrganization, { name: 'Unique Name' })).toMatchObject(refused('ALREADY_EXISTS'));
  expect(await system(commands.createProject, { organizationId, name: 'First' })).toMatchObject(
    refused('ALREADY_EXISTS'),
  );
  expect(await system(commands.createDepartment, { organizationId, name: 'Default' })).toMatchObject(
    refused('ALREADY_EXISTS'),
  );
  expect(
    await system(commands.createProject, { organizationId, departmentId: other.departmentId, name: 'Astray' }),
  ).toMatchObject(refused('NOT_FOUND'));
  expect(await system(commands.createProject, { organizationId, departmentId, name: 'x' })).toMatchObject(
    refused('INVALID_INPUT'),
  );
  expect(await system(commands.restoreProject, { id: projectId, reason: 'test' })).toMatchObject(
    refused('INVALID_STATE'),
  );
  const results = (await Promise.all(
    ['Same', 'Same'].map((name) => system(commands.createOrganization, { name })),
  )) as { ok: boolean }[];
  expect(results.find(({ ok }) => !ok)).toMatchObject(refused('ALREADY_EXISTS'));
  expect(results.filter(({ ok }) => ok)).toHaveLength(1);
});

it('does not archive a project that uses quota', async () => {
  const { organizationId, projectId } = await iam.organization();
  await iam.test.kernel.database.transaction([organizationId], (tx) =>
    iam.access.quotas.hold(tx, {
      projectId,
      principalId: 'usr_x',
      dimension: 'gpus',
      amount: 1n,
      reference: 'alc_1',
      ttlSeconds: 60,
    }),
  );
  expect(await system(commands.archiveProject, { id: projectId, reason: 'test' })).toMatchObject(refused('IN_USE'));
});

it('removes a member with everything it had there, and can invite it again', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const member = await iam.member(organizationId, projectId, ['project_member']);
  const scope = { level: 'project', id: projectId, organizationId } as const;
  expect(await run(owner, commands.removeMember, { organizationId, userId: member.id })).toMatchObject({ ok: true });
  expect(await iam.access.authority.decide(member, 'iam.project.read', scope)).toMatchObject({
    isAllowed: false,
    isScopeVisible: false,
  });
  expect(await system(commands.removeMember, { organizationId, userId: member.id })).toMatchObject(
    refused('NOT_FOUND'),
  );
  expect(await iam.access.access.organizationsOf(member.id)).toEqual([]);
  expect(await system(commands.inviteMember, { scopeId: projectId, email: 'nobody@example.com' })).toMatchObject(
    refused('NOT_FOUND'),
  );
  expect(await system(commands.inviteMember, { scopeId: projectId })).toMatchObject(refused('INVALID_INPUT'));
});

it('shares one person between organizations that do not see each other, and disables it everywhere at once', async () => {
  const [one, two] = [await iam.organization(), await iam.organization()];
  const subject = newId('sub');
  const invite = async (scopeId: string): Promise<string> =>
    (await iam.asSystem(commands.inviteMember, { scopeId, subject, roles: ['project_viewer'] })).userId;
  const id = await invite(one.projectId);
  expect(await invite(two.projectId)).toBe(id);
  const organizations = await iam.access.access.organizationsOf(id);
  expect(organizations).toHaveLength(2);
  expect(organizations).toEqual(expect.arrayContaining([one.organizationId, two.organizationId]));
  const decide = () =>
    iam.access.authority.decide(testHuman([two.organizationId], { id }), 'iam.project.read', {
      level: 'project',
      id: two.projectId,
      organizationId: two.organizationId,
    });
  expect(await decide()).toMatchObject({ isAllowed: true });
  const operator = await platformActor('platform_operator');
  expect(await run(operator, commands.disableUser, { id: operator.id, reason: 'test' })).toMatchObject(
    refused('INVALID_STATE'),
  );
  expect(await run(operator, commands.disableUser, { id: newId('usr'), reason: 'test' })).toMatchObject(
    refused('NOT_FOUND'),
  );
  expect(await run(operator, commands.disableUser, { id, reason: 'test' })).toMatchObject({ ok: true });
  expect(await decide()).toMatchObject({ isAllowed: false, reason: 'REVOKED' });
  expect(await run(operator, commands.enableUser, { id })).toMatchObject({ ok: true });
  expect(await decide()).toMatchObject({ isAllowed: true });
});

it('makes the operators that the configuration names administrators, once', async () => {
  const configuration = { ...loadConfiguration({ CP_ENVIRONMENT: 'test' }), operatorSubjects: ['root-1', 'root-2'] };
  const kernel = Object.assign(Object.create(iam.test.kernel) as Kernel, { configuration });
  for (let time = 0; time < 2; time += 1) await seedFirstOperators(kernel, commands, 'https://id.example.com');
  const rows = await iam.test.kernel.database.read('system', (tx) =>
    tx.rows<{ oidc_subject: string }>(
      `select u.oidc_subject from iam.users u join iam.role_bindings b on b.principal_id = u.id and b.scope_id = 'platform' where u.oidc_subject like 'root-%' order by 1`,
    ),
  );
  expect(rows.map((row) => row.oidc_subject)).toEqual(['root-1', 'root-2']);
});
