import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppsFixture, startApps } from '../testing/apps-fixture.js';

let fixture: AppsFixture;
beforeAll(async () => {
  fixture = await startApps();
});
afterAll(() => fixture.close());

let count = 0;
function input(change: Record<string, unknown> = {}): Record<string, unknown> {
  count += 1;
  const { projectId, platform } = fixture;
  return {
    projectId,
    appSlug: 'jupyterlab',
    allocationId: change['allocationId'] ?? platform.addAllocation(projectId),
    name: `launch-${count}`,
    ...change,
  };
}

async function refusals(
  change: Record<string, unknown>,
): Promise<{ code: string; field: string[] | null; details: Record<string, unknown> | null }[]> {
  const payload = await fixture.mutate('appInstanceLaunch', 'appInstance { id }', input(change));
  expect(payload.appInstance).toBeNull();
  return payload.userErrors;
}

async function instances(): Promise<number> {
  return Number((await fixture.sql('select count(*) as count from apps.instances'))[0]?.['count']);
}

describe('a launch is refused, with nothing half done,', () => {
  it('for an app or a version that does not exist', async () => {
    const before = await instances();
    expect(await refusals({ appSlug: 'nothing' })).toMatchObject([{ code: 'NOT_FOUND', field: ['input', 'appSlug'] }]);
    expect(await refusals({ versionId: 'apv_01j00000000000000000000000' })).toMatchObject([
      { code: 'NOT_FOUND', field: ['input', 'versionId'] },
    ]);
    expect(await instances()).toBe(before);
  });

  it('for a version that is not active', async () => {
    const [version] = await fixture.sql(`select id from apps.versions where number = '0.10.1'`);
    const versionId = String(version?.['id']);
    await fixture.sql(`update apps.versions set state = 'canary' where id = $1`, [versionId]);
    expect(await refusals({ appSlug: 'vllm', versionId })).toMatchObject([
      { code: 'INVALID_STATE', details: { state: 'canary' } },
    ]);
    expect(await refusals({ appSlug: 'vllm' })).toMatchObject([{ code: 'NOT_FOUND' }]);
    await fixture.sql(`update apps.versions set state = 'active' where id = $1`, [versionId]);
  });

  it('for an app that the project is not entitled to, saying what would help', async () => {
    await fixture.mutate('appDisable', 'entitlement { id }', { projectId: fixture.projectId, appSlug: 'jupyterlab' });
    expect(await refusals({})).toMatchObject([
      { code: 'NOT_ENTITLED', details: { permission: 'apps.entitlement.enable' } },
    ]);
    await fixture.mutate('appEnable', 'entitlement { id }', { projectId: fixture.projectId, appSlug: 'jupyterlab' });
  });

  it.each(['unverified', 'failed_verification', 'revoked'])('for an artifact that is %s', async (trust) => {
    await fixture.sql(`update apps.artifacts set trust_state = $1 where repository like '%pytorch-notebook'`, [trust]);
    expect(await refusals({})).toMatchObject([{ code: 'NOT_TRUSTED' }]);
    await fixture.sql(`update apps.artifacts set trust_state = 'verified'`);
  });

  it.each(['deprecated', 'retired'])('for an artifact that is %s', async (state) => {
    await fixture.sql(`update apps.artifacts set lifecycle_state = $1 where repository like '%pytorch-notebook'`, [
      state,
    ]);
    expect(await refusals({})).toMatchObject([{ code: 'NOT_TRUSTED' }]);
    await fixture.sql(`update apps.artifacts set lifecycle_state = 'promoted'`);
  });

  it('on an allocation of another project, as if there were none', async () => {
    const other = fixture.platform.addProject(fixture.organizationId);
    expect(await refusals({ allocationId: fixture.platform.addAllocation(other.projectId) })).toMatchObject([
      { code: 'NOT_FOUND', field: ['input', 'allocationId'] },
    ]);
    expect(await refusals({ allocationId: 'alc_01j00000000000000000000000' })).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it.each(['requested', 'provisioning', 'releasing', 'released', 'failed', 'release_failed'] as const)(
    'on an allocation that is %s',
    async (state) => {
      expect(
        await refusals({ allocationId: fixture.platform.addAllocation(fixture.projectId, { state }) }),
      ).toMatchObject([{ code: 'INVALID_STATE', details: { state } }]);
    },
  );

  it('on capacity of another shape, or with too few GPUs', async () => {
    const vm = fixture.platform.addAllocation(fixture.projectId, { capacityShape: 'cpu_vm' });
    expect(await refusals({ allocationId: vm })).toMatchObject([
      { code: 'INVALID_INPUT', details: { capacityShape: 'cpu_vm' } },
    ]);
    const none = fixture.platform.addAllocation(fixture.projectId, { gpuCount: 0 });
    expect(await refusals({ appSlug: 'vllm', parameters: { model: 'a/b' }, allocationId: none })).toMatchObject([
      { code: 'INVALID_INPUT', details: { minGpuCount: 1, gpuCount: 0 } },
    ]);
  });

  it('with values that the manifest does not take, all faults at once', async () => {
    const faults = await refusals({
      parameters: { theme: 'pink', idleMinutesMax: 1, image: 'x' },
      exposure: [{ endpoint: 'nothing', mode: 'PRIVATE' }],
    });
    expect(faults.map(({ field }) => field?.join('.') ?? '').sort()).toEqual([
      'input.exposure.nothing',
      'input.parameters.idleMinutesMax',
      'input.parameters.image',
      'input.parameters.theme',
    ]);
    expect(await refusals({ appSlug: 'vllm', parameters: { model: '../etc' } })).toMatchObject([
      { code: 'INVALID_INPUT', field: ['input', 'parameters', 'model'] },
    ]);
  });

  it('without a price, and never without one again', async () => {
    fixture.platform.unpriced.add('app:jupyterlab');
    expect(await refusals({})).toMatchObject([{ code: 'PRICE_UNKNOWN' }]);
    fixture.platform.unpriced.clear();
  });

  it('beyond the quota', async () => {
    fixture.platform.instanceQuota = fixture.platform.held.size;
    expect(await refusals({})).toMatchObject([{ code: 'QUOTA_EXCEEDED', details: { dimension: 'app_instances' } }]);
    fixture.platform.instanceQuota = 1000;
  });

  it('under a name that is taken or malformed', async () => {
    const taken = input();
    expect((await fixture.mutate('appInstanceLaunch', 'appInstance { id }', taken)).userErrors).toEqual([]);
    expect(await refusals({ name: taken['name'] })).toMatchObject([
      { code: 'ALREADY_EXISTS', field: ['input', 'name'] },
    ]);
    expect(await refusals({ name: 'Not A Name' })).toMatchObject([{ code: 'INVALID_INPUT', field: ['input', 'name'] }]);
  });

  it('in an archived project', async () => {
    const place = fixture.platform.addProject(fixture.organizationId);
    fixture.platform.projects.set(place.projectId, { ...place, isActive: false });
    expect(
      await refusals({ projectId: place.projectId, allocationId: fixture.platform.addAllocation(place.projectId) }),
    ).toMatchObject([{ code: 'INVALID_STATE', field: ['input', 'projectId'] }]);
  });

  it('to strangers and to workers', async () => {
    const launch = async (as: AppsFixture['member']): Promise<unknown> =>
      (
        await fixture.run(
          'mutation ($input: AppInstanceLaunchInput!) { appInstanceLaunch(input: $input) { userErrors { code } } }',
          { input: input() },
          as,
        )
      ).errors?.[0]?.extensions?.['code'];
    expect(await launch(fixture.stranger)).toBe('NOT_FOUND');
    expect(await launch(fixture.worker)).toBe('FORBIDDEN');
  });
});

it('answers a replay with the first instance, and another input under the same key with a conflict', async () => {
  const keyed = input({ idempotencyKey: 'one' });
  const first = await fixture.mutate('appInstanceLaunch', 'appInstance { id }', keyed);
  expect(await fixture.mutate('appInstanceLaunch', 'appInstance { id }', keyed)).toMatchObject({
    appInstance: { id: first.appInstance.id },
    receipt: { isReplay: true },
  });
  expect(await fixture.mutate('appInstanceLaunch', 'appInstance { id }', { ...keyed, name: 'another' })).toMatchObject({
    userErrors: [{ code: 'IDEMPOTENCY_CONFLICT' }],
  });
});

it('takes no price and counts no run time for an app that is not billed', async () => {
  await fixture.sql(
    `update apps.versions set manifest = jsonb_set(manifest, '{billing}', '"none"') where number = '4.4.0'`,
  );
  fixture.platform.unpriced.add('app:jupyterlab');
  const { appInstance } = await fixture.mutate(
    'appInstanceLaunch',
    'appInstance { isMetered priceSnapshot { id } }',
    input(),
  );
  expect(appInstance).toEqual({ isMetered: false, priceSnapshot: null });
  fixture.platform.unpriced.clear();
  await fixture.sql(
    `update apps.versions set manifest = jsonb_set(manifest, '{billing}', '"runtime_hour"') where number = '4.4.0'`,
  );
});

it('shows the plan with its hash, and the chosen exposure', async () => {
  const { appInstance } = await fixture.mutate(
    'appInstanceLaunch',
    'appInstance { plan planHash endpoints { name exposureMode authMode } operatingMode controlPlaneScope }',
    input({ exposure: [{ endpoint: 'web', mode: 'PRIVATE' }] }),
  );
  expect(appInstance).toMatchObject({
    planHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    plan: {
      app: 'jupyterlab',
      containers: [{ image: expect.stringMatching(/^quay\.io\/jupyter\/pytorch-notebook@sha256:[0-9a-f]{64}$/) }],
    },
    endpoints: [{ name: 'web', exposureMode: 'PRIVATE', authMode: 'BROWSER_OIDC' }],
    operatingMode: 'tenant_dedicated',
    controlPlaneScope: 'project',
  });
});
