import { parse, subscribe } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { leastStatements } from '../../../kernel/testing/least-statements.js';
import type { Actor } from '../../../kernel/access/actor.js';
import { testHuman } from '../../../kernel/testing/test-kernel.js';
import { type TestIam, only, startTestIam } from './testing/test-iam.js';

let iam: TestIam;
let operator: Actor;

beforeAll(async () => {
  iam = await startTestIam();
  iam.test.runWorker(iam.access.subgraph.jobs);
  const { owner } = await iam.organization('Staff');
  await iam.asSystem(iam.access.commands.createRoleBinding, {
    scopeId: 'platform',
    principalId: owner.id,
    role: 'platform_operator',
  });
  operator = testHuman('*', { id: owner.id, authenticatedAt: Math.floor(Date.now() / 1000) });
});
afterAll(() => iam.close());

const PAYLOAD = 'userErrors { code message details }';

it('lets an operator onboard an organization, a project, a member with a role, and a quota', async () => {
  const created = only<{ organization: { id: string; availableActions: string[] } }>(
    await iam.run(
      operator,
      `mutation { organizationCreate(input: { name: "Acme Labs", idempotencyKey: "a" }) { organization { id slug state availableActions } ${PAYLOAD} } }`,
    ),
  );
  expect(created).toMatchObject({
    organization: { slug: 'acme-labs', state: 'ACTIVE', availableActions: ['SUSPEND', 'CLOSE'] },
    userErrors: [],
  });
  const organizationId = created.organization.id;
  const { project } = only<{ project: { id: string } }>(
    await iam.run(
      operator,
      `mutation ($o: ID!) { projectCreate(input: { organizationId: $o, name: "Training", departmentId: null }) { project { id slug organization { name } department { isDefault } } ${PAYLOAD} } }`,
      { o: organizationId },
    ),
  );
  expect(project).toMatchObject({
    slug: 'training',
    organization: { name: 'Acme Labs' },
    department: { isDefault: true },
  });
  const { user } = only<{ user: { id: string } }>(
    await iam.run(
      operator,
      `mutation ($p: ID!) { memberInvite(input: { scopeId: $p, subject: "ada", email: "ada@example.com", roles: ["project_member"] }) { user { id email firstSignedInAt } ${PAYLOAD} } }`,
      { p: project.id },
    ),
  );
  expect(user).toMatchObject({ email: 'ada@example.com', firstSignedInAt: null });
  const set = `mutation ($s: ID!, $l: BigInt) { quotaSet(input: { scopeId: $s, dimension: "gpus", limit: $l }) { quota { limit used remaining scopeLevel } ${PAYLOAD} } }`;
  expect(only(await iam.run(operator, set, { s: organizationId, l: '8' }))).toMatchObject({
    quota: { limit: '8', used: '0', remaining: '8', scopeLevel: 'ORGANIZATION' },
  });
  expect(only(await iam.run(operator, set, { s: project.id, l: '4' }))).toMatchObject({
    quota: { limit: '4', scopeLevel: 'PROJECT' },
  });

  const member = testHuman([organizationId], { id: user.id });
  const seen = await iam.run(
    member,
    `query ($p: ID!, $o: ID!) { me { id displayName } project(id: $p) { name quotas { dimension limit } effectiveGrants { roleName isInherited principalId } }
    organization(id: $o) { name } organizations { nodes { id } } }`,
    { p: project.id, o: organizationId },
  );
  expect(seen).toMatchObject({
    data: {
      me: { id: user.id },
      project: {
        name: 'Training',
        quotas: [{ dimension: 'gpus', limit: '4' }],
        effectiveGrants: [{ roleName: 'project_member', isInherited: false, principalId: user.id }],
      },
      organization: null,
      organizations: { nodes: [] },
    },
  });
  const refused = await iam.run(member, set, { s: project.id, l: '400' });
  expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

it('shows nothing of another organization, whatever identifier is asked for', async () => {
  const mine = await iam.organization();
  const theirs = await iam.organization();
  const answer = await iam.run(
    mine.owner,
    `query ($o: ID!, $p: ID!) { organization(id: $o) { id } project(id: $p) { id } users(organizationId: $o) { nodes { id } } roleBindings(scopeId: $o) { nodes { id } } projects(organizationId: $o) { nodes { id } } }`,
    {
      o: theirs.organizationId,
      p: theirs.projectId,
    },
  );
  expect(answer).toEqual({
    data: {
      organization: null,
      project: null,
      users: { nodes: [] },
      roleBindings: { nodes: [] },
      projects: { nodes: [] },
    },
  });
  const renamed = await iam.run(
    mine.owner,
    `mutation ($p: ID!) { projectRename(input: { id: $p, name: "Mine now" }) { ${PAYLOAD} } }`,
    { p: theirs.projectId },
  );
  expect(renamed.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  const bound = await iam.run(
    mine.owner,
    `mutation ($s: ID!, $u: ID!) { roleBindingCreate(input: { scopeId: $s, principalId: $u, role: "project_viewer" }) { ${PAYLOAD} } }`,
    {
      s: mine.projectId,
      u: theirs.owner.id,
    },
  );
  expect(only(bound)).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
});

it('explains why somebody may and may not, and lists what they may', async () => {
  const { organizationId, projectId } = await iam.organization();
  const viewer = await iam.member(organizationId, projectId, ['project_viewer']);
  const ask = `query ($s: ID!, $p: String!) { accessDecision(permission: $p, scopeId: $s) { isAllowed reason message revision explanation } }`;
  expect(only(await iam.run(viewer, ask, { s: projectId, p: 'iam.project.read' }))).toMatchObject({
    isAllowed: true,
    reason: 'ALLOWED',
    explanation: { grantedBy: [{ scopeId: projectId }] },
  });
  expect(only(await iam.run(viewer, ask, { s: projectId, p: 'iam.project.archive' }))).toMatchObject({
    isAllowed: false,
    reason: 'NO_BINDING',
    message: expect.stringContaining('project_admin'),
    explanation: { rolesThatHelp: ['project_admin', 'organization_admin', 'organization_owner'] },
  });
  const permissions = only<string[]>(
    await iam.run(viewer, `query ($s: ID!) { viewerPermissions(scopeId: $s) }`, { s: projectId }),
  );
  expect(permissions).toContain('iam.project.read');
  expect(permissions).not.toContain('iam.project.archive');
});

it('streams changes of access with their subject, and tells the same as history', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const stream = await subscribe({
    schema: iam.schema,
    document: parse(
      'subscription ($o: ID!) { accessEvents(organizationId: $o) { cursor type subject { __typename ... on RoleBinding { effect role { name } user { id } } } } }',
    ),
    variableValues: { o: organizationId },
    contextValue: iam.test.context(owner),
  });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  const first = stream.next();
  const member = await iam.member(organizationId, projectId, ['project_member']);
  // The owner's own events may come first: the stream began before they were sequenced.
  const events: unknown[] = [(await first).value];
  while (!JSON.stringify(events.at(-1)).includes('project_member')) events.push((await stream.next()).value);
  expect(events).toContainEqual({
    data: {
      accessEvents: {
        cursor: expect.any(String),
        type: 'iam.role_binding.created',
        subject: {
          __typename: 'RoleBinding',
          effect: 'ALLOW',
          role: { name: 'project_member' },
          user: { id: member.id },
        },
      },
    },
  });
  await stream.return?.();
  const history = only<{ type: string }[]>(
    await iam.run(owner, 'query ($o: ID!) { accessEvents(organizationId: $o) { type } }', { o: organizationId }),
  );
  expect(history.map((event) => event.type)).toContain('iam.role_binding.created');
});

it('asks a constant number of statements for each list, however long it is', async () => {
  const { organizationId, owner } = await iam.organization();
  const lists = {
    projects:
      'projects(organizationId: $o, first: 50) { nodes { id organization { name } department { name } quotas { id } effectiveGrants { bindingId } } }',
    users: 'users(organizationId: $o, first: 50) { nodes { id } }',
    roleBindings: 'roleBindings(organizationId: $o, first: 50) { nodes { id role { name } user { displayName } } }',
    quotas: 'quotas(organizationId: $o, first: 50) { nodes { id project { name } } }',
    roles: 'roles(organizationId: $o, first: 50) { nodes { id organization { name } } }',
  };
  const count = async (selection: string): Promise<number> =>
    leastStatements(iam.test.kernel.database, async () => {
      expect((await iam.run(owner, `query ($o: ID!) { ${selection} }`, { o: organizationId })).errors).toBeUndefined();
    });
  const countAll = async (): Promise<number[]> => {
    const counts: number[] = [];
    for (const selection of Object.values(lists)) counts.push(await count(selection));
    return counts;
  };
  const add = async (): Promise<void> => {
    const { id } = await iam.asSystem(iam.access.commands.createProject, {
      organizationId,
      name: `P ${Math.random()}`,
    });
    await iam.asSystem(iam.access.commands.setQuota, { scopeId: id, dimension: 'gpus', limit: 3n });
    await iam.member(organizationId, id, ['project_member']);
    await iam.asSystem(iam.access.commands.createRole, {
      organizationId,
      name: `r${Math.random().toString(36).slice(2, 9)}`,
      title: 'Role',
      permissions: ['iam.project.read'],
    });
  };
  await add();
  const few = await countAll();
  for (let index = 0; index < 8; index += 1) await add();
  const many = await countAll();
  expect(many).toEqual(few);
  // Each read is three statements: begin, the query, commit.
  expect(many.map((statements) => statements / 3)).toEqual([5, 1, 2, 2, 2]);
});

it('previews exactly what the engine then decides: who gains and who loses what', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const member = await iam.member(organizationId, projectId, ['project_viewer']);
  const { id: group } = await iam.asSystem(iam.access.commands.createGroup, { scopeId: organizationId, name: 'Team' });
  await iam.asSystem(iam.access.commands.addGroupMember, { groupId: group, principalId: member.id });
  const ask = `query ($i: RoleBindingPreviewInput!) { roleBindingPreview(input: $i) { isTruncated changes { principalId gains { permission scopeIds } losses { permission } } } }`;
  type Preview = {
    changes: {
      principalId: string;
      gains: { permission: string; scopeIds: string[] }[];
      losses: { permission: string }[];
    }[];
  };
  const may = async (): Promise<string[]> =>
    only<string[]>(await iam.run(member, 'query ($s: ID!) { viewerPermissions(scopeId: $s) }', { s: projectId }));
  const before = await may();
  const input = { scopeId: projectId, principalId: group, role: 'project_admin' };
  const preview = only<Preview>(await iam.run(owner, ask, { i: input }));
  expect(preview.changes).toMatchObject([{ principalId: member.id, losses: [] }]);
  await iam.asSystem(iam.access.commands.createRoleBinding, input);
  const after = await may();
  const gained = preview.changes[0]?.gains.map(({ permission }) => permission) ?? [];
  expect([...gained].sort()).toEqual(after.filter((permission) => !before.includes(permission)).sort());
  const denied = only<Preview>(
    await iam.run(owner, ask, { i: { ...input, principalId: member.id, role: 'project_viewer', effect: 'DENY' } }),
  );
  expect(denied.changes[0]?.losses.map(({ permission }) => permission)).toContain('iam.project.read');
  expect((await iam.run(member, ask, { i: input })).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  expect((await iam.run(owner, ask, { i: { ...input, role: 'platform_admin' } })).errors?.[0]?.extensions.code).toBe(
    'BAD_USER_INPUT',
  );
});
