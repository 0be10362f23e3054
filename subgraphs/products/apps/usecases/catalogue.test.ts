import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppsFixture, startApps } from '../testing/apps-fixture.js';
import { builtInCatalogue } from './seed-catalogue.js';

let fixture: AppsFixture;
beforeAll(async () => {
  fixture = await startApps();
});
afterAll(() => fixture.close());

const ARTIFACT = 'artifact { id lifecycleState trustState trustReason channel }';
let count = 0;

function digest(): string {
  count += 1;
  return `sha256:${count.toString(16).padStart(64, '0')}`;
}

async function register(
  repository = 'quay.io/team/image',
): Promise<{ id: string; digest: string; repository: string }> {
  const input = { repository, digest: digest(), artifactKind: 'CONTAINER_IMAGE', sourceType: 'OCI_REGISTRY' };
  const { artifact, userErrors } = await fixture.mutate('artifactRegister', ARTIFACT, input, fixture.operator);
  expect(userErrors).toEqual([]);
  expect(artifact).toMatchObject({ lifecycleState: 'PUBLISHED', trustState: 'UNVERIFIED', channel: 'DEV' });
  return { id: artifact.id, digest: input.digest, repository };
}

const step = (field: string, input: Record<string, unknown>): Promise<Record<string, unknown>> =>
  fixture.mutate(field, ARTIFACT, input, fixture.operator);

describe('an artifact', () => {
  it('is verified, climbs its channels, is deprecated and retired', async () => {
    const { id } = await register();
    expect(await step('artifactVerify', { id })).toMatchObject({
      artifact: { trustState: 'VERIFIED', lifecycleState: 'PUBLISHED' },
    });
    expect(await step('artifactPromote', { id, channel: 'TEST' })).toMatchObject({
      artifact: { lifecycleState: 'PROMOTED', channel: 'TEST' },
    });
    expect(await step('artifactPromote', { id, channel: 'DEV' })).toMatchObject({
      artifact: null,
      userErrors: [{ code: 'INVALID_INPUT', field: ['input', 'channel'] }],
    });
    expect(await step('artifactPromote', { id, channel: 'PROD' })).toMatchObject({ artifact: { channel: 'PROD' } });
    expect(await step('artifactRetire', { id })).toMatchObject({ userErrors: [{ code: 'INVALID_STATE' }] });
    expect(await step('artifactDeprecate', { id })).toMatchObject({ artifact: { lifecycleState: 'DEPRECATED' } });
    expect(await step('artifactPromote', { id, channel: 'PROD' })).toMatchObject({
      userErrors: [{ code: 'INVALID_STATE' }],
    });
    expect(await step('artifactRetire', { id })).toMatchObject({ artifact: { lifecycleState: 'RETIRED' } });
    expect(await step('artifactRevoke', { id, reason: 'found malicious' })).toMatchObject({
      artifact: { trustState: 'REVOKED', trustReason: 'found malicious' },
    });
  });

  it('from a source that is not on the allow-list fails verification, for ever', async () => {
    const { id } = await register('evil.example/team/image');
    expect(await step('artifactVerify', { id })).toMatchObject({
      artifact: { trustState: 'FAILED_VERIFICATION' },
      userErrors: [],
    });
    expect(await step('artifactVerify', { id })).toMatchObject({ userErrors: [{ code: 'INVALID_STATE' }] });
    expect(await step('artifactPromote', { id, channel: 'DEV' })).toMatchObject({
      userErrors: [{ code: 'NOT_TRUSTED' }],
    });
    expect(await step('artifactRevoke', { id, reason: 'x' })).toMatchObject({
      userErrors: [{ code: 'INVALID_STATE' }],
    });
  });

  it('that nobody verified is not promoted', async () => {
    const { id } = await register();
    expect(await step('artifactPromote', { id, channel: 'DEV' })).toMatchObject({
      userErrors: [{ code: 'NOT_TRUSTED' }],
    });
  });

  it.each([
    ['digest', { digest: 'sha256:ABC' }],
    ['digest', { digest: 'latest' }],
    ['repository', { repository: 'https://user:pw@quay.io/x' }],
    ['repository', { repository: 'quay.io/x:latest' }],
  ])('without a canonical %s is refused', async (field, change) => {
    const input = {
      repository: 'quay.io/x/y',
      digest: digest(),
      artifactKind: 'CONTAINER_IMAGE',
      sourceType: 'OCI_REGISTRY',
      ...change,
    };
    expect(await step('artifactRegister', input)).toMatchObject({
      artifact: null,
      userErrors: [{ code: 'INVALID_INPUT', field: ['input', field] }],
    });
  });

  it('is registered once', async () => {
    const { id, ...known } = await register();
    const again = { ...known, artifactKind: 'CONTAINER_IMAGE', sourceType: 'MIRROR' };
    expect(await step('artifactRegister', again)).toMatchObject({
      userErrors: [{ code: 'ALREADY_EXISTS', details: { id } }],
    });
  });

  it("is nobody's to see or to change but the publishers'", async () => {
    const { id } = await register();
    const seen = await fixture.run('{ artifacts { nodes { id } } }');
    expect(seen.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const denied = await fixture.run(`mutation { artifactVerify(input: { id: "${id}" }) { userErrors { code } } }`);
    expect(denied.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    expect(fixture.authority.records.at(-1)).toMatchObject({ action: 'apps.artifact.verify', result: 'denied' });
  });
});

describe('a version', () => {
  const VERSION = 'appVersion { id number state manifestHash }';
  const publish = (field: string, input: Record<string, unknown>): Promise<Record<string, unknown>> =>
    fixture.mutate(field, VERSION, input, fixture.operator);

  async function manifest(number: string, slug = 'jupyterlab'): Promise<Record<string, unknown>> {
    const { repository, digest: sum } = await register();
    const base = builtInCatalogue().find((entry) => entry.manifest.identity.slug === 'jupyterlab');
    if (base === undefined) throw new Error('the catalogue has jupyterlab');
    return {
      ...structuredClone(base.manifest),
      identity: { slug, version: number },
      artifacts: [{ name: 'jupyterlab', repository, digest: sum }],
    };
  }

  it('goes from draft to active one step at a time, with verified artifacts only, and is retired', async () => {
    const draft = await manifest('5.0.0');
    const { appVersion } = (await publish('appVersionRegister', { appSlug: 'jupyterlab', manifest: draft })) as {
      appVersion: { id: string; state: string };
    };
    expect(appVersion.state).toBe('DRAFT');
    const { id } = appVersion;
    expect(await publish('appVersionPromote', { id, event: 'STAGE' })).toMatchObject({
      appVersion: null,
      userErrors: [{ code: 'NOT_TRUSTED' }],
    });
    await fixture.sql(`update apps.artifacts set trust_state = 'verified' where digest = $1`, [
      (draft['artifacts'] as { digest: string }[])[0]?.digest,
    ]);
    expect(await publish('appVersionPromote', { id, event: 'ACTIVATE' })).toMatchObject({
      userErrors: [{ code: 'INVALID_STATE', details: { state: 'draft' } }],
    });
    for (const [event, state] of [
      ['STAGE', 'STAGED'],
      ['CANARY', 'CANARY'],
      ['ACTIVATE', 'ACTIVE'],
    ]) {
      expect(await publish('appVersionPromote', { id, event })).toMatchObject({
        appVersion: { state },
        userErrors: [],
      });
    }
    expect(await publish('appVersionRetire', { id, reason: 'old' })).toMatchObject({
      appVersion: { state: 'RETIRED' },
    });
    expect(await publish('appVersionRetire', { id })).toMatchObject({ userErrors: [{ code: 'INVALID_STATE' }] });
  });

  it('is seen before its publication by publishers only', async () => {
    await publish('appVersionRegister', { appSlug: 'vllm', manifest: { ...(await manifest('9.9.9', 'vllm')) } });
    const numbers = async (as = fixture.member): Promise<string[]> =>
      (
        await fixture.run('{ app(slug: "vllm") { versions { nodes { number state } } } }', {}, as)
      ).data.app.versions.nodes.map((node: { number: string }) => node.number);
    expect(await numbers()).toEqual(['0.10.1']);
    expect(await numbers(fixture.operator)).toEqual(['9.9.9', '0.10.1']);
    const unpublished = await fixture.sql(`select id from apps.versions where number = '9.9.9'`);
    const reference = '[{ __typename: "AppVersion", id: "ID" }]'.replace('ID', String(unpublished[0]?.['id']));
    const answer = await fixture.run(`{ _entities(representations: ${reference}) { ... on AppVersion { number } } }`);
    expect(answer.data._entities).toEqual([null]);
  });

  it('is refused with all faults of its manifest, a wrong slug, an unknown app, or a number that is taken', async () => {
    const { userErrors } = (await publish('appVersionRegister', {
      appSlug: 'jupyterlab',
      manifest: { manifestVersion: 2, extra: 1 },
    })) as { userErrors: { code: string; field: string[] }[] };
    expect(userErrors.length).toBeGreaterThan(8);
    expect(userErrors).toContainEqual(
      expect.objectContaining({ code: 'INVALID_INPUT', field: ['input', 'manifest', 'extra'] }),
    );
    expect(await publish('appVersionRegister', { appSlug: 'vllm', manifest: await manifest('6.0.0') })).toMatchObject({
      userErrors: [{ code: 'INVALID_INPUT', field: ['input', 'manifest', 'identity', 'slug'] }],
    });
    expect(
      await publish('appVersionRegister', { appSlug: 'nothing', manifest: await manifest('6.0.0') }),
    ).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
    expect(
      await publish('appVersionRegister', { appSlug: 'jupyterlab', manifest: await manifest('4.4.0') }),
    ).toMatchObject({ userErrors: [{ code: 'ALREADY_EXISTS' }] });
  });
});

it('adds an app once, and lists the catalogue', async () => {
  const input = { slug: 'slurm', title: 'Slurm', summary: 'A cluster.' };
  expect(await fixture.mutate('appCreate', 'app { slug title }', input, fixture.operator)).toMatchObject({
    app: { slug: 'slurm' },
  });
  expect(await fixture.mutate('appCreate', 'app { slug }', input, fixture.operator)).toMatchObject({
    app: null,
    userErrors: [{ code: 'ALREADY_EXISTS' }],
  });
  expect((await fixture.run('{ apps { nodes { slug } } }')).data.apps.nodes).toEqual([
    { slug: 'jupyterlab' },
    { slug: 'slurm' },
    { slug: 'vllm' },
  ]);
});

it('seeds the catalogue again without changing anything', async () => {
  const before = await fixture.sql('select id, state from apps.versions order by id');
  const records = fixture.authority.records.length;
  expect(await fixture.apps.seedCatalogue()).toEqual({ slugs: ['jupyterlab', 'vllm'] });
  expect(await fixture.sql('select id, state from apps.versions order by id')).toEqual(before);
  expect(fixture.authority.records.length).toBe(records);
});

describe('an entitlement', () => {
  const ENTITLEMENT = 'entitlement { id isEnabled app { slug } project { id } }';

  it('is enabled and disabled, and saying it again changes nothing', async () => {
    const { projectId } = fixture.platform.addProject(fixture.organizationId);
    const input = { projectId, appSlug: 'jupyterlab' };
    const { entitlement } = await fixture.mutate('appEnable', ENTITLEMENT, input);
    expect(entitlement).toMatchObject({ isEnabled: true, app: { slug: 'jupyterlab' }, project: { id: projectId } });
    expect((await fixture.mutate('appEnable', ENTITLEMENT, input)).entitlement.id).toBe(entitlement.id);
    expect(await fixture.mutate('appDisable', ENTITLEMENT, input)).toMatchObject({
      entitlement: { id: entitlement.id, isEnabled: false },
    });
    const listed = await fixture.run(
      'query ($projectId: ID!) { appEntitlements(projectId: $projectId) { nodes { isEnabled } } }',
      { projectId },
    );
    expect(listed.data.appEntitlements.nodes).toEqual([{ isEnabled: false }]);
  });

  it('is refused for an unknown app, and hidden from other organizations', async () => {
    const input = { projectId: fixture.projectId, appSlug: 'nothing' };
    expect(await fixture.mutate('appEnable', ENTITLEMENT, input)).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'appSlug'] }],
    });
    const denied = await fixture.run(
      `mutation { appEnable(input: { projectId: "${fixture.projectId}", appSlug: "vllm" }) { userErrors { code } } }`,
      {},
      fixture.stranger,
    );
    expect(denied.errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
    const listed = await fixture.run(
      `{ appEntitlements(projectId: "${fixture.projectId}") { nodes { id } } }`,
      {},
      fixture.stranger,
    );
    expect(listed.data.appEntitlements.nodes).toEqual([]);
  });
});
