import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Actor, systemActor } from '../../../../kernel/access/actor.js';
import type { Command } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../../kernel/testing/test-kernel.js';
import { type TestIam, startTestIam } from '../testing/test-iam.js';
import type { AccessCommands } from './access-commands.js';

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

it('lets nobody give or take more than they hold', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const admin = await iam.member(organizationId, organizationId, ['organization_admin']);
  const member = await iam.member(organizationId, projectId, ['project_member']);
  iam.registry.addPermission('test.owner.only', ['organization_owner']);
  const bind = (scopeId: string, role: string): object => ({ scopeId, principalId: member.id, role });
  expect(await run(admin, commands.createRoleBinding, bind(organizationId, 'organization_owner'))).toMatchObject({
    ok: false,
    refusals: [{ code: 'POLICY_DENIED', details: { missingPermissions: ['test.owner.only'] } }],
  });
  expect(await run(admin, commands.createRoleBinding, bind(projectId, 'project_admin'))).toMatchObject({ ok: true });
  await expect(
    run(member, commands.createRoleBinding, bind(organizationId, 'organization_viewer')),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(await run(admin, commands.removeMember, { organizationId, userId: owner.id })).toMatchObject(
    refused('POLICY_DENIED'),
  );
  const { id } = await iam.asSystem(commands.createGroup, { scopeId: organizationId, name: 'Owners' });
  await iam.asSystem(commands.createRoleBinding, {
    scopeId: organizationId,
    principalId: id,
    role: 'organization_owner',
  });
  expect(await run(admin, commands.addGroupMember, { groupId: id, principalId: admin.id })).toMatchObject(
    refused('POLICY_DENIED'),
  );
  expect(await run(owner, commands.addGroupMember, { groupId: id, principalId: member.id })).toMatchObject({
    ok: true,
  });
});

it('lets an operator grant inside organizations, but not at the platform', async () => {
  const operator = await platformActor('platform_operator');
  const { organizationId } = await iam.organization();
  const member = await iam.member(organizationId, organizationId, []);
  expect(
    await run(operator, commands.createRoleBinding, {
      scopeId: organizationId,
      principalId: member.id,
      role: 'organization_owner',
    }),
  ).toMatchObject({ ok: true });
  expect(
    await run(operator, commands.createRoleBinding, {
      scopeId: 'platform',
      principalId: operator.id,
      role: 'platform_admin',
    }),
  ).toMatchObject(refused('POLICY_DENIED'));
});

it('refuses bindings that make no sense', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const other = await iam.organization();
  const base = { scopeId: projectId, principalId: owner.id, role: 'project_viewer' };
  const cases: [object, string][] = [
    [{ ...base, role: 'no_such_role' }, 'NOT_FOUND'],
    [{ ...base, role: 'organization_owner' }, 'INVALID_INPUT'],
    [{ ...base, role: 'platform_admin' }, 'INVALID_INPUT'],
    [{ ...base, principalId: other.owner.id }, 'NOT_FOUND'],
    [{ ...base, principalId: 'nonsense' }, 'INVALID_INPUT'],
    [{ ...base, expiresAt: new Date(Date.now() - 1000) }, 'INVALID_INPUT'],
    [{ ...base, effect: 'guardrail' }, 'INVALID_INPUT'],
    [{ scopeId: organizationId, role: 'organization_viewer', effect: 'guardrail' }, 'INVALID_INPUT'],
    [{ ...base, scopeId: newId('prj') }, 'NOT_FOUND'],
  ];
  for (const [input, code] of cases)
    expect(await system(commands.createRoleBinding, input)).toMatchObject(refused(code));
  expect(await system(commands.createRoleBinding, base)).toMatchObject({ ok: true });
  expect(await system(commands.createRoleBinding, base)).toMatchObject(refused('ALREADY_EXISTS'));
  expect(await system(commands.revokeRoleBinding, { id: newId('rbd') })).toMatchObject(refused('NOT_FOUND'));
});

it('keeps a lasting owner in every organization', async () => {
  const { organizationId, owner } = await iam.organization();
  const row = await iam.test.kernel.database.read('system', (tx) =>
    tx.row<{ id: string }>('select id from iam.role_bindings where principal_id = $1 and scope_id = $2', [
      owner.id,
      organizationId,
    ]),
  );
  const id = row?.id ?? '';
  expect(await system(commands.revokeRoleBinding, { id })).toMatchObject(refused('INVALID_STATE'));
  expect(await system(commands.removeMember, { organizationId, userId: owner.id })).toMatchObject(
    refused('INVALID_STATE'),
  );
  await iam.member(organizationId, organizationId, ['organization_owner']);
  expect(await system(commands.revokeRoleBinding, { id })).toMatchObject({ ok: true });
  expect(await system(commands.revokeRoleBinding, { id })).toMatchObject(refused('NOT_FOUND'));
});

it('takes away by a deny and limits by a guardrail, and says which of them it was', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, projectId, ['project_admin']);
  const scope = { level: 'project', id: projectId, organizationId } as const;
  const reason = async (permission: string): Promise<string> =>
    (await iam.access.authority.decide(member, permission, scope)).reason;
  const { id: deny } = await iam.asSystem(commands.createRoleBinding, {
    scopeId: organizationId,
    principalId: member.id,
    role: 'organization_viewer',
    effect: 'deny',
  });
  expect([await reason('iam.project.read'), await reason('iam.project.archive')]).toEqual(['DENIED', 'ALLOWED']);
  await iam.asSystem(commands.revokeRoleBinding, { id: deny });
  const { id: role } = await iam.asSystem(commands.createRole, {
    organizationId,
    name: 'ceiling',
    title: 'Ceiling',
    permissions: ['iam.project.read', 'iam.role_binding.revoke'],
  });
  const { id: guardrail } = await iam.asSystem(commands.createRoleBinding, {
    scopeId: projectId,
    role,
    effect: 'guardrail',
  });
  expect([await reason('iam.project.read'), await reason('iam.project.archive')]).toEqual(['ALLOWED', 'GUARDRAIL']);
  expect(await system(commands.deleteRole, { id: role })).toMatchObject(refused('IN_USE'));
  await iam.asSystem(commands.revokeRoleBinding, { id: guardrail });
  expect(await reason('iam.project.archive')).toBe('ALLOWED');
  expect(await system(commands.deleteRole, { id: role })).toMatchObject({ ok: true });
});

it('makes roles of registered permissions only, and changes them for all who have them at once', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const member = await iam.member(organizationId, organizationId, []);
  const input = { organizationId, name: 'reader', title: 'Reader', permissions: ['iam.project.read'] };
  expect(
    await system(commands.createRole, { ...input, permissions: ['iam.project.read', 'iam.project.eat'] }),
  ).toMatchObject({ ok: false, refusals: [{ code: 'NOT_REGISTERED', details: { unknown: ['iam.project.eat'] } }] });
  expect(await system(commands.createRole, { ...input, name: 'project_admin' })).toMatchObject(
    refused('ALREADY_EXISTS'),
  );
  const { id } = await iam.asSystem(commands.createRole, input);
  expect(await system(commands.createRole, input)).toMatchObject(refused('ALREADY_EXISTS'));
  await iam.asSystem(commands.createRoleBinding, { scopeId: projectId, principalId: member.id, role: id });
  const may = async (permission: string): Promise<boolean> =>
    (await iam.access.authority.decide(member, permission, { level: 'project', id: projectId, organizationId }))
      .isAllowed;
  expect([await may('iam.project.read'), await may('iam.project.rename')]).toEqual([true, false]);
  expect(await run(owner, commands.updateRole, { id, permissions: ['iam.project.rename'] })).toMatchObject({
    ok: true,
  });
  expect([await may('iam.project.read'), await may('iam.project.rename')]).toEqual([false, true]);
  expect(await run(owner, commands.updateRole, { id, permissions: ['iam.user.disable'] })).toMatchObject(
    refused('POLICY_DENIED'),
  );
});

it('flattens groups of groups, refuses circles, and ends what a deleted group gave', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, organizationId, []);
  const group = async (name: string): Promise<string> =>
    (await iam.asSystem(commands.createGroup, { scopeId: organizationId, name })).id;
  const [outer, inner] = [await group('Outer'), await group('Inner')];
  expect(await system(commands.createGroup, { scopeId: organizationId, name: 'Outer' })).toMatchObject(
    refused('ALREADY_EXISTS'),
  );
  expect(await system(commands.addGroupMember, { groupId: outer, principalId: inner })).toMatchObject({ ok: true });
  expect(await system(commands.addGroupMember, { groupId: inner, principalId: outer })).toMatchObject(
    refused('INVALID_INPUT'),
  );
  expect(await system(commands.addGroupMember, { groupId: inner, principalId: newId('usr') })).toMatchObject(
    refused('NOT_FOUND'),
  );
  expect(await system(commands.addGroupMember, { groupId: inner, principalId: member.id })).toMatchObject({ ok: true });
  expect(await system(commands.addGroupMember, { groupId: inner, principalId: member.id })).toMatchObject(
    refused('ALREADY_EXISTS'),
  );
  await iam.asSystem(commands.createRoleBinding, {
    scopeId: projectId,
    principalId: outer,
    role: 'project_viewer',
  });
  const may = async (): Promise<boolean> =>
    (await iam.access.authority.decide(member, 'iam.project.read', { level: 'project', id: projectId, organizationId }))
      .isAllowed;
  expect(await may()).toBe(true);
  expect(await system(commands.removeGroupMember, { groupId: inner, principalId: member.id })).toMatchObject({
    ok: true,
  });
  expect(await may()).toBe(false);
  expect(await system(commands.removeGroupMember, { groupId: inner, principalId: member.id })).toMatchObject(
    refused('NOT_FOUND'),
  );
  await iam.asSystem(commands.addGroupMember, { groupId: inner, principalId: member.id });
  expect(await may()).toBe(true);
  expect(await system(commands.deleteGroup, { id: outer })).toMatchObject({ ok: true });
  expect(await may()).toBe(false);
});

it('ends a binding at its expiry by itself, and says so', async () => {
  const { organizationId, projectId } = await iam.organization();
  const member = await iam.member(organizationId, organizationId, []);
  await iam.asSystem(commands.createRoleBinding, {
    scopeId: projectId,
    principalId: member.id,
    role: 'project_viewer',
    expiresAt: new Date(Date.now() + 120),
  });
  const scope = { level: 'project', id: projectId, organizationId } as const;
  expect((await iam.access.authority.decide(member, 'iam.project.read', scope)).isAllowed).toBe(true);
  await new Promise((resolve) => {
    setTimeout(resolve, 140);
  });
  expect(await iam.access.authority.decide(member, 'iam.project.read', scope)).toMatchObject({
    isAllowed: false,
    reason: 'EXPIRED_BINDING',
    explanation: { expired: [{ scopeId: projectId }] },
  });
});
