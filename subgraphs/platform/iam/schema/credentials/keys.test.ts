import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leastStatements } from '../../../../../kernel/testing/least-statements.js';
import type { Actor } from '../../../../../kernel/access/actor.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { CredentialMutations, type CredentialPayload, codes, sshKey } from '../../testing/credential-mutations.js';
import { type WholeIam, startWholeIam } from '../../testing/whole-iam.js';

let world: WholeIam;
let mutations: CredentialMutations;
beforeAll(async () => {
  world = await startWholeIam();
  mutations = new CredentialMutations(world);
});
afterAll(() => world.close());

const origin = { correlationId: 'test-correlation' };
const FAULTS = 'userErrors { code field message }';

describe('API keys', () => {
  it('act for their owner in their project, inside their allow-list, from memory, at once after they were made', async () => {
    const { apiKey, secret, secretDisclosure } = await mutations.createApiKey();
    expect(apiKey).toMatchObject({ state: 'ACTIVE', allowList: ['token_factory.*'] });
    expect(secretDisclosure).toBe('REVEALED');
    const { admin, projectId, organizationId, otherProjectId } = world.home;
    const found = await world.iam.credentials.apiKey(secret ?? '');
    expect(found).toMatchObject({
      apiKeyId: apiKey?.id,
      projectId,
      organizationId,
      actor: { kind: 'api_key', id: admin.id, credentialId: apiKey?.id },
    });
    const { database } = world.test.kernel;
    expect(await leastStatements(database, () => world.iam.credentials.apiKey(secret ?? ''))).toBe(0);
    const decide = async (permission: string, id: string): Promise<string> => {
      const actor = found?.actor as Actor;
      return (await world.iam.authority.decide(actor, permission, { level: 'project', id, organizationId })).reason;
    };
    expect(await decide('token_factory.model.use', projectId)).toBe('ALLOWED');
    expect(await decide('token_factory.model.use', otherProjectId)).toBe('PROJECT_BOUNDARY');
    expect(await decide('allocations.allocation.create', projectId)).toBe('ALLOW_LIST');
  });

  it('are unknown when they never were, and rubbish is cheap', async () => {
    expect(await world.iam.credentials.apiKey('gpk_rubbish')).toBeNull();
    expect(await world.iam.credentials.apiKey(`gpk_${'x'.repeat(43)}`)).toBeNull();
    await expect(world.iam.credentials.authenticate(`gpk_${'x'.repeat(43)}`, origin)).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
  });

  it('end by revocation, by their owner or by an administrator of the project, and by nobody else', async () => {
    const { organizationId, projectId, admin } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    const other = await world.member(organizationId, projectId, 'project_member');
    const stranger = (await world.makeHome()).admin;
    const mine = await mutations.createApiKey({}, member);
    const id = mine.apiKey?.id ?? '';
    await expect(mutations.revokeApiKey(id, other)).rejects.toThrow('FORBIDDEN');
    await expect(mutations.revokeApiKey(id, stranger)).rejects.toThrow('NOT_FOUND');
    expect((await mutations.revokeApiKey(id, member)).apiKey).toMatchObject({ state: 'REVOKED' });
    expect(await world.iam.credentials.apiKey(mine.secret ?? '')).toBeNull();
    expect(codes(await mutations.revokeApiKey(id, member))).toEqual(['INVALID_STATE']);
    const second = await mutations.createApiKey({}, member);
    expect((await mutations.revokeApiKey(second.apiKey?.id ?? '', admin)).userErrors).toEqual([]);
    expect(await world.iam.credentials.apiKey(second.secret ?? '')).toBeNull();
  });

  it("cannot make further keys, reach beyond themselves, or see what is their owner's alone", async () => {
    const { secret } = await mutations.createApiKey({ allowList: ['*'] });
    const actor = await world.iam.credentials.authenticate(secret ?? '', origin);
    expect(codes(await mutations.createApiKey({}, actor))).toEqual(['POLICY_DENIED']);
    expect(codes(await mutations.addSshKey({ publicKey: sshKey() }, actor))).toEqual(['POLICY_DENIED']);
    expect(await world.run(actor, '{ sessions { nodes { id } } }')).toEqual({ nodes: [] });
    expect(codes(await mutations.createApiKey({ expiresAt: '2999-01-01T00:00:00Z' }))).toEqual(['INVALID_INPUT']);
    expect(codes(await mutations.createApiKey({ projectId: newId('prj') }))).toEqual(['NOT_FOUND']);
  });

  it("list everybody's to administrators and one's own to members", async () => {
    const { organizationId, projectId, admin } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    const { apiKey } = await mutations.createApiKey({}, member);
    const list = `{ apiKeys(projectId: "${projectId}", first: 100) { nodes { id project { name } } } }`;
    expect(await world.run(member, list)).toEqual({ nodes: [{ id: apiKey?.id, project: { name: 'First' } }] });
    expect((await world.run<{ nodes: unknown[] }>(admin, list)).nodes.length).toBeGreaterThan(1);
  });

  it('stop to act when their owner is disabled', async () => {
    const { organizationId, projectId } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    const { secret } = await mutations.createApiKey({}, member);
    expect(await world.iam.credentials.apiKey(secret ?? '')).not.toBeNull();
    await world.test.kernel.database.transaction('system', (tx) =>
      tx.execute('update iam.users set is_disabled = true where id = $1', [member.id]),
    );
    const startedAt = performance.now();
    while ((await world.iam.credentials.apiKey(secret ?? '')) !== null) {
      if (performance.now() - startedAt > 1000)
        throw new Error('a key of a disabled person acts for more than a second');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await world.iam.credentials.apiKey(secret ?? '')).toBeNull();
  });
});

describe('SSH keys', () => {
  it('are added to oneself and to service accounts, listed, handed to machines, and removed', async () => {
    const line = sshKey();
    const { sshKey: key } = await mutations.addSshKey({ publicKey: line });
    expect(key).toMatchObject({ name: 'ada@laptop', fingerprint: expect.stringMatching(/^SHA256:/) });
    expect(codes(await mutations.addSshKey({ publicKey: line }))).toEqual(['ALREADY_EXISTS']);
    expect(codes(await mutations.addSshKey({ publicKey: 'ssh-dss AAAA' }))).toEqual(['INVALID_INPUT']);
    const serviceAccountId = await mutations.accountId();
    const robot = await mutations.addSshKey({ publicKey: sshKey(), name: 'robot', serviceAccountId });
    expect(robot.userErrors).toEqual([]);
    const ids = [key?.id ?? '', robot.sshKey?.id ?? '', 'ssh_unknown'];
    const handed = await world.test.kernel.database.read([world.home.organizationId], (tx) =>
      world.iam.directory.sshPublicKeys(tx, ids),
    );
    expect(handed.map(({ ownerId }) => ownerId).sort()).toEqual([serviceAccountId, world.home.admin.id].sort());
    expect(handed.every(({ publicKey }) => !publicKey.includes('ada@laptop'))).toBe(true);
    const foreign = await world.test.kernel.database.read([newId('org')], (tx) =>
      world.iam.directory.sshPublicKeys(tx, ids),
    );
    expect(foreign.map(({ id }) => id)).toEqual([key?.id]);
    const remove = (id: string, actor = world.home.admin): Promise<CredentialPayload> =>
      world.run(actor, `mutation { sshKeyRemove(input: { id: "${id}" }) { removedId ${FAULTS} } }`);
    const stranger = (await world.makeHome()).admin;
    await expect(remove(key?.id ?? '', stranger)).resolves.toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
    expect(await remove(key?.id ?? '')).toMatchObject({ removedId: key?.id });
    expect(await remove(robot.sshKey?.id ?? '')).toMatchObject({ removedId: robot.sshKey?.id });
    expect(await remove(key?.id ?? '')).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
    expect(JSON.stringify(await world.run(world.home.admin, '{ sshKeys { nodes { id } } }'))).not.toContain(key?.id);
  });
});

const INSERT_SESSIONS = `insert into iam.account_sessions (id, user_id, provider, provider_session_id, assurance,
    authentication_methods, device, browser, operating_system, signed_in_at, last_seen_at, expires_at)
  select id, $2, 'oidc', id, 1, '{pwd}', 'computer', 'Firefox', 'Linux', now(), now(), now() from unnest($1::text[]) as s (id)`;

describe('lists', () => {
  it.each([
    [
      'service accounts',
      (first: number) =>
        `{ project(id: "${world.home.projectId}") { serviceAccounts(first: ${first}) { nodes { id keys { id serviceAccount { id } } project { id } } } } }`,
    ],
    [
      'API keys',
      (first: number) =>
        `{ apiKeys(projectId: "${world.home.projectId}", first: ${first}) { nodes { id project { id } } } }`,
    ],
    ['SSH keys', (first: number) => `{ sshKeys(first: ${first}) { nodes { id fingerprint } } }`],
    ['sessions', (first: number) => `{ sessions(first: ${first}) { nodes { id device } } }`],
  ])('are read in a number of statements that does not grow with the page: %s', async (_list, document) => {
    const { admin } = world.home;
    const accounts = [await mutations.accountId(), await mutations.accountId()];
    await world.test.kernel.database.transaction('system', (tx) =>
      tx.execute(INSERT_SESSIONS, [[newId('ses'), newId('ses')], admin.id]),
    );
    await Promise.all([
      ...accounts.map((serviceAccountId) => mutations.createKey({ serviceAccountId })),
      mutations.createApiKey(),
      mutations.createApiKey(),
      mutations.addSshKey({ publicKey: sshKey() }),
      mutations.addSshKey({ publicKey: sshKey() }),
    ]);
    let listed = '';
    const smallest = async (first: number): Promise<number> =>
      leastStatements(world.test.kernel.database, async () => {
        listed = JSON.stringify(await world.run(admin, document(first)));
      });
    const one = await smallest(1);
    expect(await smallest(5)).toBe(one);
    expect(listed.split('},{').length).toBeGreaterThan(1);
  });
});
