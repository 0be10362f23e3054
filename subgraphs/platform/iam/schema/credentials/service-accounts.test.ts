import { generateKeyPairSync } from 'node:crypto';
import { parse, subscribe } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../../../kernel/access/actor.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { CredentialMutations, type CredentialPayload, codes } from '../../testing/credential-mutations.js';
import { type WholeIam, startWholeIam } from '../../testing/whole-iam.js';

let world: WholeIam;
let mutations: CredentialMutations;
beforeAll(async () => {
  world = await startWholeIam();
  mutations = new CredentialMutations(world);
});
afterAll(() => world.close());

const origin = { correlationId: 'test-correlation' };

describe('service accounts', () => {
  it('are created, listed under their project, disabled, enabled and deleted, as their lifecycle allows', async () => {
    const { serviceAccount } = await mutations.createAccount();
    expect(serviceAccount).toMatchObject({ state: 'ACTIVE', availableActions: ['DISABLE', 'DELETE'] });
    const id = serviceAccount?.id ?? '';
    expect(codes(await mutations.change('Enable', id))).toEqual(['INVALID_STATE']);
    expect((await mutations.change('Disable', id)).serviceAccount).toMatchObject({
      state: 'DISABLED',
      availableActions: ['ENABLE', 'DELETE'],
    });
    expect(codes(await mutations.change('Disable', id))).toEqual(['INVALID_STATE']);
    expect((await mutations.change('Enable', id)).serviceAccount).toMatchObject({ state: 'ACTIVE' });
    const listed = await world.run<{ serviceAccounts: { nodes: { id: string; project: { name: string } }[] } }>(
      world.home.admin,
      '{ project(id: "' +
        world.home.projectId +
        '") { serviceAccounts(first: 100) { nodes { id project { name } keys { id } } } } }',
    );
    expect(listed.serviceAccounts.nodes).toContainEqual({ id, project: { name: 'First' }, keys: [] });
    expect((await mutations.change('Delete', id)).serviceAccount).toMatchObject({
      state: 'DELETED',
      availableActions: [],
    });
    for (const action of ['Enable', 'Disable', 'Delete'] as const)
      expect(codes(await mutations.change(action, id))).toEqual(['INVALID_STATE']);
  });

  it('are refused a taken slug, an unknown permission, a bad form; a deleted one frees its slug', async () => {
    const first = await mutations.createAccount({ slug: 'taken' });
    expect(await mutations.createAccount({ slug: 'taken' })).toMatchObject({
      userErrors: [{ code: 'ALREADY_EXISTS', field: ['input', 'slug'] }],
    });
    expect(codes(await mutations.createAccount({ allowList: ['nothing.like.this'] }))).toEqual(['NOT_REGISTERED']);
    expect(codes(await mutations.createAccount({ allowList: ['Nonsense!'] }))).toEqual(['INVALID_INPUT']);
    expect(codes(await mutations.createAccount({ allowList: [] }))).toEqual(['INVALID_INPUT']);
    expect(codes(await mutations.createAccount({ slug: 'No Slug' }))).toEqual(['INVALID_INPUT']);
    await mutations.change('Delete', first.serviceAccount?.id ?? '');
    expect(codes(await mutations.createAccount({ slug: 'taken' }))).toEqual([]);
  });

  it('lose a key once and for all, by those only who may revoke it', async () => {
    const serviceAccountId = await mutations.accountId();
    const { key } = await mutations.createKey({ serviceAccountId });
    const revoke = (actor = world.home.admin): Promise<CredentialPayload> =>
      world.run(
        actor,
        'mutation ($id: ID!) { serviceAccountKeyRevoke(input: { id: $id }) { key { id state } userErrors { code } } }',
        { id: key?.id },
      );
    await expect(revoke((await world.makeHome()).admin)).rejects.toThrow('NOT_FOUND');
    const { organizationId, projectId } = world.home;
    await expect(revoke(await world.member(organizationId, projectId, 'project_member'))).rejects.toThrow('FORBIDDEN');
    expect(await revoke()).toMatchObject({ key: { id: key?.id, state: 'REVOKED' }, userErrors: [] });
    expect(codes(await revoke())).toEqual(['INVALID_STATE']);
  });

  it('are made and changed by those only who hold the permission in the project, and hidden from other organizations', async () => {
    const { organizationId, projectId } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    await expect(mutations.createAccount({}, member)).rejects.toThrow('FORBIDDEN');
    const stranger = (await world.makeHome()).admin;
    await expect(mutations.createAccount({}, stranger)).rejects.toThrow('NOT_FOUND');
    const id = await mutations.accountId();
    await expect(mutations.change('Disable', id, stranger)).rejects.toThrow('NOT_FOUND');
    expect(await world.run(stranger, `{ serviceAccount(id: "${id}") { id } }`).catch(() => null)).toBeNull();
    expect(await world.run(member, `{ serviceAccount(id: "${id}") { id } }`)).toEqual({ id });
    expect(
      codes(
        await mutations
          .change('Disable', 'sva_nothing')
          .catch((error: Error) => ({ userErrors: [{ code: error.message }] }) as never),
      ),
    ).toEqual(['NOT_FOUND']);
  });

  it('have keys whose secret is revealed once: a replay says so and has none', async () => {
    const input = { serviceAccountId: await mutations.accountId(), idempotencyKey: newId('key') };
    const first = await mutations.createKey(input);
    expect(first).toMatchObject({ key: { state: 'ACTIVE' }, secretDisclosure: 'REVEALED', userErrors: [] });
    expect(first.secret).toMatch(/^gps_[A-Za-z0-9_-]{43}$/);
    expect(first.secret?.endsWith(first.key?.lastFour ?? '?')).toBe(true);
    const replay = await mutations.createKey(input);
    expect(replay).toMatchObject({ key: { id: first.key?.id }, secret: null, secretDisclosure: 'ALREADY_REVEALED' });
    const stored = await world.test.kernel.database.read('system', (tx) =>
      tx.rows(
        `select to_jsonb(k)::text as row from iam.service_account_keys k union all select to_jsonb(i)::text from kernel.idempotency i`,
      ),
    );
    expect(JSON.stringify(stored)).not.toContain(first.secret);
    expect(JSON.stringify(world.records)).not.toContain(first.secret);
  });

  it('have at most two active keys, none beyond a year, none on a disabled account, none with a private key', async () => {
    const serviceAccountId = await mutations.accountId();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    expect(
      await mutations.createKey({ serviceAccountId, publicJwk: publicKey.export({ format: 'jwk' }) }),
    ).toMatchObject({
      secret: null,
      secretDisclosure: 'NONE',
      userErrors: [],
    });
    expect(
      codes(await mutations.createKey({ serviceAccountId, publicJwk: privateKey.export({ format: 'jwk' }) })),
    ).toEqual(['INVALID_INPUT']);
    expect(codes(await mutations.createKey({ serviceAccountId, expiresAt: '2020-01-01T00:00:00Z' }))).toEqual([
      'INVALID_INPUT',
    ]);
    expect(codes(await mutations.createKey({ serviceAccountId, expiresAt: '2999-01-01T00:00:00Z' }))).toEqual([
      'INVALID_INPUT',
    ]);
    await expect(mutations.createKey({ serviceAccountId, expiresAt: 'tomorrow' })).rejects.toThrow('DateTime');
    const results = await Promise.all([1, 2, 3].map(() => mutations.createKey({ serviceAccountId })));
    expect(results.flatMap((payload) => codes(payload))).toEqual(['LIMIT_REACHED', 'LIMIT_REACHED']);
    await mutations.change('Disable', serviceAccountId);
    expect(codes(await mutations.createKey({ serviceAccountId }))).toEqual(['INVALID_STATE']);
  });
});

describe('a token of a service account', () => {
  it('works in its project only, within its scope, with the roles that it was given, and not after it is disabled', async () => {
    const { admin, projectId, otherProjectId, organizationId } = world.home;
    const id = await mutations.accountId();
    const { key, secret } = await mutations.createKey({ serviceAccountId: id });
    const issue = world.iam.subgraph.commands.find((command) => command.action === 'iam.token.issue');
    if (issue === undefined) throw new Error('tokens cannot be issued');
    const robot: Actor = {
      kind: 'service_account',
      id,
      displayName: 'Robot',
      organizationIds: [organizationId],
      projectId,
      assurance: 0,
    };
    const issued = await world.test.context(robot).execute(issue, { clientId: key?.id });
    const actor = await world.iam.credentials.authenticate(issued.ok ? (issued.reveal ?? '') : '', origin);
    expect(secret).not.toBeNull();
    const decide = async (permission: string, project: string): Promise<string> =>
      (await world.iam.authority.decide(actor, permission, { level: 'project', id: project, organizationId })).reason;
    expect(await decide('allocations.allocation.create', projectId)).toBe('NO_BINDING');
    const bound = await world.run<{ userErrors: unknown[] }>(
      admin,
      'mutation ($input: RoleBindingCreateInput!) { roleBindingCreate(input: $input) { userErrors { code message } } }',
      { input: { scopeId: projectId, principalId: id, role: 'project_member' } },
    );
    expect(bound.userErrors).toEqual([]);
    expect(await decide('allocations.allocation.create', projectId)).toBe('ALLOWED');
    expect(await decide('allocations.allocation.create', otherProjectId)).toBe('PROJECT_BOUNDARY');
    expect(await decide('token_factory.model.use', projectId)).toBe('ALLOW_LIST');
    await mutations.change('Disable', id);
    expect(await decide('allocations.allocation.create', projectId)).toBe('REVOKED');
    expect(await world.test.context(robot).execute(issue, { clientId: key?.id })).toMatchObject({
      ok: false,
      refusals: [{ code: 'INVALID_STATE' }],
    });
  });

  it('that may make keys makes none of an account that is allowed more than itself', async () => {
    const strong = (await mutations.createAccount({ allowList: ['*'] })).serviceAccount?.id ?? '';
    const weak: Actor = {
      ...world.home.admin,
      kind: 'service_account',
      projectId: world.home.projectId,
      allowList: ['iam.*'],
    };
    expect(codes(await mutations.createKey({ serviceAccountId: strong }, weak))).toEqual(['POLICY_DENIED']);
    expect(codes(await mutations.createAccount({ allowList: ['allocations.*'] }, weak))).toEqual(['POLICY_DENIED']);
    expect(codes(await mutations.createApiKey({ allowList: ['*'] }, weak))).toEqual(['POLICY_DENIED']);
  });
});

describe('the stream of credentials', () => {
  it('tells what happens in a project, follows the subject, and is refused to others', async () => {
    const { admin, projectId } = world.home;
    const document = parse(
      `subscription { credentialEvents(projectId: "${projectId}") { type subject { __typename ... on ServiceAccount { id state } } } }`,
    );
    const stream = await subscribe({ schema: world.schema, document, contextValue: world.test.context(admin) });
    if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
    let next = stream.next();
    const { serviceAccount } = await mutations.createAccount();
    const told = async (): Promise<{ type: string; subject: { id?: string } }> =>
      (await next).value?.data?.['credentialEvents'] as never;
    // What was done before may be put into the log's order only now.
    while ((await told()).subject.id !== serviceAccount?.id) next = stream.next();
    expect(await told()).toMatchObject({
      type: 'iam.service_account.created',
      subject: { __typename: 'ServiceAccount', id: serviceAccount?.id, state: 'ACTIVE' },
    });
    await stream.return?.();
    const history = await world.run<{ type: string }[]>(
      admin,
      `{ credentialEvents(projectId: "${projectId}", first: 3) { type subjectId } }`,
    );
    expect(history).toHaveLength(3);
    const stranger = (await world.makeHome()).admin;
    expect(await world.codeOf(stranger, `{ credentialEvents(projectId: "${projectId}") { type } }`)).toBe('NOT_FOUND');
  });
});

describe('the packet', () => {
  it('knows every command and event of the subgraph', async () => {
    const { iamPacket } = await import('../../testing/test-registry.js');
    const { registries } = iamPacket();
    const permissions = JSON.stringify(registries.permissions);
    for (const command of world.iam.subgraph.commands) expect(permissions).toContain(`"${command.action}"`);
    const events = JSON.stringify(registries.eventTypes);
    for (const event of world.iam.subgraph.events) expect(events).toContain(`"${event.type}"`);
  });
});
