import { generateKeyPairSync } from 'node:crypto';
import { parse, subscribe } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../../../kernel/access/actor.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { type WholeIam, startWholeIam } from '../../testing/whole-iam.js';

let world: WholeIam;
beforeAll(async () => {
  world = await startWholeIam();
});
afterAll(() => world.close());

const origin = { correlationId: 'test-correlation' };
const FAULTS = 'userErrors { code field message }';

interface Payload {
  readonly userErrors: { code: string; field: string[] | null }[];
  readonly serviceAccount: { id: string; slug: string; state: string; availableActions: string[] } | null;
  readonly key: { id: string; state: string; lastFour: string | null } | null;
  readonly apiKey: { id: string; state: string; prefix: string; lastFour: string; allowList: string[] } | null;
  readonly sshKey: { id: string; fingerprint: string; name: string } | null;
  readonly removedId: string | null;
  readonly secret: string | null;
  readonly secretDisclosure: string | null;
}

let slugs = 0;

async function createAccount(input: Record<string, unknown> = {}, actor = world.home.admin): Promise<Payload> {
  slugs += 1;
  const values = {
    projectId: world.home.projectId,
    name: 'Robot',
    slug: `robot-${slugs}`,
    allowList: ['allocations.*'],
    ...input,
  };
  return world.run(
    actor,
    `mutation ($input: ServiceAccountCreateInput!) { serviceAccountCreate(input: $input) { serviceAccount { id slug state availableActions } ${FAULTS} } }`,
    { input: values },
  );
}

async function accountId(): Promise<string> {
  return (await createAccount()).serviceAccount?.id ?? '';
}

async function createKey(input: Record<string, unknown>, actor = world.home.admin): Promise<Payload> {
  return world.run(
    actor,
    `mutation ($input: ServiceAccountKeyCreateInput!) { serviceAccountKeyCreate(input: $input) { key { id state lastFour } secret secretDisclosure ${FAULTS} } }`,
    { input },
  );
}

async function change(action: string, id: string, actor = world.home.admin): Promise<Payload> {
  return world.run(
    actor,
    `mutation ($input: ServiceAccountChangeInput!) { serviceAccount${action}(input: $input) { serviceAccount { id slug state availableActions } ${FAULTS} } }`,
    { input: { id, reason: 'a test' } },
  );
}

async function createApiKey(input: Record<string, unknown> = {}, actor = world.home.admin): Promise<Payload> {
  return world.run(
    actor,
    `mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { apiKey { id state prefix lastFour allowList } secret secretDisclosure ${FAULTS} } }`,
    { input: { projectId: world.home.projectId, name: 'laptop', ...input } },
  );
}

async function revokeApiKey(id: string, actor: Actor): Promise<Payload> {
  return world.run(
    actor,
    `mutation ($id: ID!) { apiKeyRevoke(id: $id) { apiKey { id state prefix lastFour allowList } ${FAULTS} } }`,
    { id },
  );
}

function sshKey(): string {
  const raw = Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')} ada@laptop`;
}

async function addSshKey(input: Record<string, unknown>, actor = world.home.admin): Promise<Payload> {
  return world.run(
    actor,
    `mutation ($input: SshKeyAddInput!) { sshKeyAdd(input: $input) { sshKey { id fingerprint name } ${FAULTS} } }`,
    { input },
  );
}

const codes = (payload: Payload): string[] => payload.userErrors.map((error) => error.code);

describe('service accounts', () => {
  it('are created, listed under their project, disabled, enabled and deleted, as their lifecycle allows', async () => {
    const { serviceAccount } = await createAccount();
    expect(serviceAccount).toMatchObject({ state: 'ACTIVE', availableActions: ['DISABLE', 'DELETE'] });
    const id = serviceAccount?.id ?? '';
    expect(codes(await change('Enable', id))).toEqual(['INVALID_STATE']);
    expect((await change('Disable', id)).serviceAccount).toMatchObject({
      state: 'DISABLED',
      availableActions: ['ENABLE', 'DELETE'],
    });
    expect(codes(await change('Disable', id))).toEqual(['INVALID_STATE']);
    expect((await change('Enable', id)).serviceAccount).toMatchObject({ state: 'ACTIVE' });
    const listed = await world.run<{ serviceAccounts: { nodes: { id: string; project: { name: string } }[] } }>(
      world.home.admin,
      '{ project(id: "' +
        world.home.projectId +
        '") { serviceAccounts(first: 100) { nodes { id project { name } keys { id } } } } }',
    );
    expect(listed.serviceAccounts.nodes).toContainEqual({ id, project: { name: 'First' }, keys: [] });
    expect((await change('Delete', id)).serviceAccount).toMatchObject({ state: 'DELETED', availableActions: [] });
    for (const action of ['Enable', 'Disable', 'Delete'])
      expect(codes(await change(action, id))).toEqual(['INVALID_STATE']);
  });

  it('are refused a taken slug, an unknown permission, a bad form; a deleted one frees its slug', async () => {
    const first = await createAccount({ slug: 'taken' });
    expect(await createAccount({ slug: 'taken' })).toMatchObject({
      userErrors: [{ code: 'ALREADY_EXISTS', field: ['input', 'slug'] }],
    });
    expect(codes(await createAccount({ allowList: ['nothing.like.this'] }))).toEqual(['NOT_REGISTERED']);
    expect(codes(await createAccount({ allowList: ['Nonsense!'] }))).toEqual(['INVALID_INPUT']);
    expect(codes(await createAccount({ allowList: [] }))).toEqual(['INVALID_INPUT']);
    expect(codes(await createAccount({ slug: 'No Slug' }))).toEqual(['INVALID_INPUT']);
    await change('Delete', first.serviceAccount?.id ?? '');
    expect(codes(await createAccount({ slug: 'taken' }))).toEqual([]);
  });

  it('are made and changed by those only who hold the permission in the project, and hidden from other organizations', async () => {
    const { organizationId, projectId } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    await expect(createAccount({}, member)).rejects.toThrow('FORBIDDEN');
    const stranger = (await world.makeHome()).admin;
    await expect(createAccount({}, stranger)).rejects.toThrow('NOT_FOUND');
    const id = await accountId();
    await expect(change('Disable', id, stranger)).rejects.toThrow('NOT_FOUND');
    expect(await world.run(stranger, `{ serviceAccount(id: "${id}") { id } }`).catch(() => null)).toBeNull();
    expect(await world.run(member, `{ serviceAccount(id: "${id}") { id } }`)).toEqual({ id });
    expect(
      codes(
        await change('Disable', 'sva_nothing').catch(
          (error: Error) => ({ userErrors: [{ code: error.message }] }) as never,
        ),
      ),
    ).toEqual(['NOT_FOUND']);
  });

  it('have keys whose secret is revealed once: a replay says so and has none', async () => {
    const input = { serviceAccountId: await accountId(), idempotencyKey: newId('key') };
    const first = await createKey(input);
    expect(first).toMatchObject({ key: { state: 'ACTIVE' }, secretDisclosure: 'REVEALED', userErrors: [] });
    expect(first.secret).toMatch(/^gps_[A-Za-z0-9_-]{43}$/);
    expect(first.secret?.endsWith(first.key?.lastFour ?? '?')).toBe(true);
    const replay = await createKey(input);
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
    const serviceAccountId = await accountId();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    expect(await createKey({ serviceAccountId, publicJwk: publicKey.export({ format: 'jwk' }) })).toMatchObject({
      secret: null,
      secretDisclosure: 'NONE',
      userErrors: [],
    });
    expect(codes(await createKey({ serviceAccountId, publicJwk: privateKey.export({ format: 'jwk' }) }))).toEqual([
      'INVALID_INPUT',
    ]);
    expect(codes(await createKey({ serviceAccountId, expiresAt: '2020-01-01T00:00:00Z' }))).toEqual(['INVALID_INPUT']);
    expect(codes(await createKey({ serviceAccountId, expiresAt: '2999-01-01T00:00:00Z' }))).toEqual(['INVALID_INPUT']);
    expect(codes(await createKey({ serviceAccountId, expiresAt: 'tomorrow' }))).toEqual(['INVALID_INPUT']);
    const results = await Promise.all([1, 2, 3].map(() => createKey({ serviceAccountId })));
    expect(results.flatMap((payload) => codes(payload))).toEqual(['LIMIT_REACHED', 'LIMIT_REACHED']);
    await change('Disable', serviceAccountId);
    expect(codes(await createKey({ serviceAccountId }))).toEqual(['INVALID_STATE']);
  });

  it('lists a page with keys in a number of statements that does not grow with the page', async () => {
    const count = async (first: number): Promise<number> => {
      const before = world.test.kernel.database.statementCount;
      await world.run(
        world.home.admin,
        `{ project(id: "${world.home.projectId}") { serviceAccounts(first: ${first}) { nodes { id keys { id } project { id } } } } }`,
      );
      return world.test.kernel.database.statementCount - before;
    };
    // Background reads of revisions and revocations count too, so the smallest of some runs is taken.
    const smallest = async (first: number): Promise<number> =>
      Math.min(await count(first), await count(first), await count(first), await count(first));
    expect(await smallest(5)).toBe(await smallest(1));
  });
});

describe('API keys', () => {
  it('act for their owner in their project, inside their allow-list, from memory, at once after they were made', async () => {
    const { apiKey, secret, secretDisclosure } = await createApiKey();
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
    let statements = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const start = world.test.kernel.database.statementCount;
      await world.iam.credentials.apiKey(secret ?? '');
      statements = Math.min(statements, world.test.kernel.database.statementCount - start);
    }
    expect(statements).toBe(0);
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
    const mine = await createApiKey({}, member);
    const id = mine.apiKey?.id ?? '';
    await expect(revokeApiKey(id, other)).rejects.toThrow('FORBIDDEN');
    await expect(revokeApiKey(id, stranger)).rejects.toThrow('NOT_FOUND');
    expect((await revokeApiKey(id, member)).apiKey).toMatchObject({ state: 'REVOKED' });
    expect(await world.iam.credentials.apiKey(mine.secret ?? '')).toBeNull();
    expect(codes(await revokeApiKey(id, member))).toEqual(['INVALID_STATE']);
    const second = await createApiKey({}, member);
    expect((await revokeApiKey(second.apiKey?.id ?? '', admin)).userErrors).toEqual([]);
    expect(await world.iam.credentials.apiKey(second.secret ?? '')).toBeNull();
  });

  it("cannot make further keys, reach beyond themselves, or see what is their owner's alone", async () => {
    const { secret } = await createApiKey({ allowList: ['*'] });
    const actor = await world.iam.credentials.authenticate(secret ?? '', origin);
    expect(codes(await createApiKey({}, actor))).toEqual(['POLICY_DENIED']);
    expect(codes(await addSshKey({ publicKey: sshKey() }, actor))).toEqual(['POLICY_DENIED']);
    expect(await world.run(actor, '{ sessions { nodes { id } } }')).toEqual({ nodes: [] });
    expect(codes(await createApiKey({ expiresAt: '2999-01-01T00:00:00Z' }))).toEqual(['INVALID_INPUT']);
    expect(codes(await createApiKey({ projectId: newId('prj') }))).toEqual(['NOT_FOUND']);
  });

  it("list everybody's to administrators and one's own to members", async () => {
    const { organizationId, projectId, admin } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    const { apiKey } = await createApiKey({}, member);
    const list = `{ apiKeys(projectId: "${projectId}", first: 100) { nodes { id project { name } } } }`;
    expect(await world.run(member, list)).toEqual({ nodes: [{ id: apiKey?.id, project: { name: 'First' } }] });
    expect((await world.run<{ nodes: unknown[] }>(admin, list)).nodes.length).toBeGreaterThan(1);
  });

  it('stop to act when their owner is disabled', async () => {
    const { organizationId, projectId } = world.home;
    const member = await world.member(organizationId, projectId, 'project_member');
    const { secret } = await createApiKey({}, member);
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
    const { sshKey: key } = await addSshKey({ publicKey: line });
    expect(key).toMatchObject({ name: 'ada@laptop', fingerprint: expect.stringMatching(/^SHA256:/) });
    expect(codes(await addSshKey({ publicKey: line }))).toEqual(['ALREADY_EXISTS']);
    expect(codes(await addSshKey({ publicKey: 'ssh-dss AAAA' }))).toEqual(['INVALID_INPUT']);
    const serviceAccountId = await accountId();
    const robot = await addSshKey({ publicKey: sshKey(), name: 'robot', serviceAccountId });
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
    const remove = (id: string, actor = world.home.admin): Promise<Payload> =>
      world.run(actor, `mutation { sshKeyRemove(id: "${id}") { removedId ${FAULTS} } }`);
    const stranger = (await world.makeHome()).admin;
    await expect(remove(key?.id ?? '', stranger)).resolves.toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
    expect(await remove(key?.id ?? '')).toMatchObject({ removedId: key?.id });
    expect(await remove(robot.sshKey?.id ?? '')).toMatchObject({ removedId: robot.sshKey?.id });
    expect(await remove(key?.id ?? '')).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
    expect(await world.run(world.home.admin, '{ sshKeys { nodes { id } } }')).toEqual({ nodes: [] });
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
    const next = stream.next();
    const { serviceAccount } = await createAccount();
    expect(await next).toMatchObject({
      value: {
        data: {
          credentialEvents: {
            type: 'iam.service_account.created',
            subject: { __typename: 'ServiceAccount', id: serviceAccount?.id, state: 'ACTIVE' },
          },
        },
      },
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
