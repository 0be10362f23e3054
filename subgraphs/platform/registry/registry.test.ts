import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../kernel/access/authority.js';
import { defineCommand } from '../../../kernel/commands/command.js';
import { accept } from '../../../kernel/errors/refusal.js';
import { defineEvent } from '../../../kernel/events/event-type.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import { TestAuthority } from '../../../kernel/testing/test-authority.js';
import { type TestKernel, eventually, startTestKernel } from '../../../kernel/testing/test-kernel.js';
import { type Registry, createRegistry, onboardingPacket, registryDefinition } from './index.js';
import packet from './packet.json' with { type: 'json' };
import { testPacket, withRegistry } from './testing/test-packet.js';

let test: TestKernel;
let registry: Registry;
const authority = new TestAuthority();
let count = 0;
let productId = '';
let suffix = '';

beforeAll(async () => {
  test = await startTestKernel({ domains: [registryDefinition] });
  test.kernel.pipeline.useAuthority(authority);
  test.runWorker();
  registry = createRegistry({ kernel: test.kernel });
  await registry.subgraph.start?.();
});
afterAll(async () => {
  await registry.subgraph.stop?.();
  await test.close();
});
beforeEach(() => {
  count += 1;
  // Names of domains have letters only.
  suffix = count.toString().replaceAll(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
  productId = `product_${suffix}`;
});

describe('the packet of the registry itself', () => {
  it('is complete, and names every command and event of the subgraph', async () => {
    expect(onboardingPacket.safeParse(packet).error).toBeUndefined();
    expect(await registry.registerPacket(packet)).toMatchObject({
      ok: true,
      value: { productId: 'platform-registry' },
    });
    expect(() => registry.assertRegistered([registry.subgraph])).not.toThrow();
  });
});

describe('registering a packet', () => {
  it('makes its entries count at once, by data only', async () => {
    expect(registry.isPermission(`${productId}.thing.make`)).toBe(false);
    expect(await registry.registerPacket(testPacket(productId))).toEqual({
      ok: true,
      value: { productId, isChanged: true },
    });
    expect(registry.isActiveProduct(productId)).toBe(true);
    expect(registry.permissions().find(({ id }) => id === `${productId}.thing.make`)).toMatchObject({
      roles: ['project_member'],
      needsStepUp: false,
    });
    expect(registry.usageUnit(`${productId}-hour`)).toEqual({
      id: `${productId}-hour`,
      base: 'second',
      basePerUnit: 3600n,
      productIds: [productId],
    });
    expect(registry.policyDefinition(`${productId}.days_max`)).toMatchObject({ defaultValue: 7, maximum: 30 });
    expect(registry.policyDefinitions()).toContainEqual(registry.policyDefinition(`${productId}.days_max`));
    expect(registry.quotaDimension(`${productId}-things`)).toMatchObject({ unit: 'things' });
    expect(registry.quotaDimensions()).toContainEqual(registry.quotaDimension(`${productId}-things`));
    expect(authority.records.at(-1)).toMatchObject({
      action: 'registry.packet.register',
      result: 'success',
      metadata: { productId },
    });
  });

  it('changes nothing and audits nothing when the contents are the same', async () => {
    await registry.registerPacket(testPacket(productId));
    const before = authority.records.length;
    expect(await registry.registerPacket(testPacket(productId))).toEqual({
      ok: true,
      value: { productId, isChanged: false },
    });
    expect(authority.records).toHaveLength(before);
  });

  it('changes once when many processes register the same at once', async () => {
    const results = await Promise.all(Array.from({ length: 6 }, () => registry.registerPacket(testPacket(productId))));
    expect(results.filter((result) => result.ok && result.value.isChanged)).toHaveLength(1);
    expect(results.every((result) => result.ok)).toBe(true);
  });

  it('raises the version of an entry whose definition changed, and retires one that is gone', async () => {
    await registry.registerPacket(testPacket(productId));
    const permissions = [{ id: `${productId}.thing.break`, description: 'Break it.', roles: [] }];
    await registry.registerPacket(
      withRegistry(testPacket(productId, { version: 2, title: 'New' }), 'permissions', permissions),
    );
    const rows = await test.kernel.database.read('system', (tx) =>
      tx.rows(
        'select key, version, lifecycle from registry.entries where family = $1 and product_id = $2 order by key',
        ['permission', productId],
      ),
    );
    expect(rows).toEqual([
      { key: `${productId}.thing.break`, version: 1, lifecycle: 'active' },
      { key: `${productId}.thing.make`, version: 1, lifecycle: 'retired' },
    ]);
    expect(registry.isPermission(`${productId}.thing.make`)).toBe(false);
    const again = [{ id: `${productId}.thing.break`, description: 'Break it again.', roles: [] }];
    await registry.registerPacket(withRegistry(testPacket(productId, { version: 3 }), 'permissions', again));
    const row = await test.kernel.database.read('system', (tx) =>
      tx.row('select version from registry.entries where family = $1 and key = $2', [
        'permission',
        `${productId}.thing.break`,
      ]),
    );
    expect(row).toEqual({ version: 2 });
  });

  it('is heard by other processes', async () => {
    const other = createRegistry({ kernel: test.kernel });
    let changes = 0;
    await other.subgraph.start?.();
    const unsubscribe = other.onChange(() => (changes += 1));
    await registry.registerPacket(testPacket(productId));
    await eventually(() => other.isPermission(`${productId}.thing.make`));
    expect(changes).toBe(1);
    unsubscribe();
    await other.subgraph.stop?.();
  });
});

describe('a packet is refused', () => {
  const refusals = async (value: unknown): Promise<{ code: string; field: string }[]> => {
    const result = await registry.registerPacket(value);
    return result.ok
      ? []
      : result.refusals.map(({ code, field }) => ({ code, field: (field ?? []).slice(2).join('.') }));
  };
  const invalid = (field: string): { code: string; field: string } => ({ code: 'INVALID_INPUT', field });

  it('with every missing or empty field named at once', async () => {
    const { title, portalPages, ...rest } = testPacket(productId, {
      owners: { product: ' ', engineering: 'b', operations: 'c' },
    });
    expect(title).toBeDefined();
    expect(portalPages).toBeDefined();
    expect((await refusals(rest)).map(({ field }) => field).sort()).toEqual([
      'owners.product',
      'owners.security',
      'portalPages',
      'title',
    ]);
    expect(await refusals(undefined)).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect(registry.isActiveProduct(productId)).toBe(false);
  });

  it.each(Object.keys(testPacket('any')))('without "%s"', async (field) => {
    const { [field]: removed, ...rest } = testPacket(productId);
    expect(removed).toBeDefined();
    expect(await refusals(rest)).toEqual([invalid(field)]);
  });

  it.each(Object.keys(testPacket('any')['registries'] as object))('without the registry "%s"', async (name) => {
    expect(await refusals(withRegistry(testPacket(productId), name, undefined))).toEqual([
      invalid(`registries.${name}`),
    ]);
  });

  it('with an empty section, or one that does not apply without owner, reason and review date', async () => {
    expect(await refusals(withRegistry(testPacket(productId), 'usageUnits', []))).toEqual([
      invalid('registries.usageUnits'),
    ]);
    const excuse = { notApplicable: { owner: 'me' } };
    expect(await refusals(withRegistry(testPacket(productId), 'usageUnits', excuse))).toEqual([
      invalid('registries.usageUnits.notApplicable.reason'),
      invalid('registries.usageUnits.notApplicable.reviewDate'),
    ]);
  });

  it('with a fault inside a section, named to the field', async () => {
    const permissions = [{ id: 'nonsense', description: '', roles: ['emperor'] }];
    expect(
      (await refusals(withRegistry(testPacket(productId), 'permissions', permissions))).map(({ field }) => field),
    ).toEqual([
      'registries.permissions.0.id',
      'registries.permissions.0.description',
      'registries.permissions.0.roles.0',
    ]);
  });

  it('with an entry declared twice', async () => {
    const unit = { id: 'same', base: 'second', basePerUnit: 1, description: 'x' };
    expect(await refusals(withRegistry(testPacket(productId), 'usageUnits', [unit, unit]))).toEqual([
      invalid('registries.usageUnits.1'),
    ]);
  });

  it.each([
    ['of another type', { type: 'integer', defaultValue: 'x' }],
    ['below the minimum', { type: 'integer', defaultValue: 1, minimum: 2 }],
    ['above the maximum', { type: 'integer', defaultValue: 3, maximum: 2 }],
    ['that is not allowed', { type: 'string_list', defaultValue: ['a', 'b'], allowedValues: ['a'] }],
  ])('with a policy default %s', async (_name, definition) => {
    const policies = [{ key: 'some.key', description: 'x', ...definition }];
    expect(await refusals(withRegistry(testPacket(productId), 'policyKeys', policies))).toEqual([
      invalid('registries.policyKeys.0.defaultValue'),
    ]);
  });

  it('when another product owns an id, its namespace or the slug, even after it retired it', async () => {
    await registry.registerPacket(testPacket(productId));
    const thief = `thief_${suffix}`;
    const policy = [{ key: `${productId}.days_max`, type: 'integer', description: 'x', defaultValue: 1 }];
    expect(await refusals(withRegistry(testPacket(thief), 'policyKeys', policy))).toEqual([
      { code: 'ALREADY_EXISTS', field: 'registries.policyKeys.0' },
    ]);
    const squat = [{ id: `${productId}.other.made`, subjectType: 'Other', description: 'x' }];
    expect(await refusals(withRegistry(testPacket(thief), 'eventTypes', squat))).toEqual([
      { code: 'ALREADY_EXISTS', field: 'registries.eventTypes.0' },
    ]);
    expect(await refusals(testPacket(thief, { productSlug: productId }))).toEqual([
      { code: 'ALREADY_EXISTS', field: 'productSlug' },
    ]);
    await registry.registerPacket(testPacket(productId, { version: 2, lifecycle: 'deprecated' }));
    await registry.registerPacket(testPacket(productId, { version: 3, lifecycle: 'retired' }));
    const component = [{ id: `${productId}-service`, title: 'x', family: 'data', freshnessSeconds: 5 }];
    expect(await refusals(withRegistry(testPacket(thief), 'statusComponents', component))).toEqual([
      { code: 'ALREADY_EXISTS', field: 'registries.statusComponents.0' },
    ]);
  });

  it('when a unit would mean something else than before; sharing one that means the same is accepted', async () => {
    await registry.registerPacket(testPacket(productId));
    const unit = (basePerUnit: number): unknown => [
      { id: `${productId}-hour`, base: 'second', basePerUnit, description: 'other words' },
    ];
    expect(await refusals(withRegistry(testPacket(productId, { version: 2 }), 'usageUnits', unit(60)))).toEqual([
      { code: 'CONFLICT', field: 'registries.usageUnits.0' },
    ]);
    const partner = `partner_${suffix}`;
    expect(await refusals(withRegistry(testPacket(partner), 'usageUnits', unit(60)))).toEqual([
      { code: 'CONFLICT', field: 'registries.usageUnits.0' },
    ]);
    expect(await refusals(withRegistry(testPacket(partner), 'usageUnits', unit(3600)))).toEqual([]);
    expect(registry.usageUnit(`${productId}-hour`)?.productIds.toSorted()).toEqual([partner, productId].sort());
  });

  it('when an older version comes after a newer one', async () => {
    await registry.registerPacket(testPacket(productId, { version: 2 }));
    expect(await refusals(testPacket(productId, { version: 1 }))).toEqual([{ code: 'CONFLICT', field: 'version' }]);
  });

  it('when it is larger than the bound', async () => {
    expect(await refusals(testPacket(productId, { extraction: 'x'.repeat(300_000) }))).toEqual([
      { code: 'LIMIT_REACHED', field: '' },
    ]);
  });
});

describe('the lifecycle of a product', () => {
  const become = (lifecycle: string, version: number): Promise<unknown> =>
    registry.registerPacket(testPacket(productId, { lifecycle, version }));

  it('keeps everything out of force until the product is active, and after it is retired', async () => {
    for (const [version, lifecycle] of ['draft', 'onboarding'].entries()) {
      expect(await become(lifecycle, version + 1)).toMatchObject({ ok: true });
      expect([
        registry.isActiveProduct(productId),
        registry.isPermission(`${productId}.thing.make`),
        registry.usageUnit(`${productId}-hour`),
      ]).toEqual([false, false, null]);
    }
    expect(await become('active', 3)).toMatchObject({ ok: true });
    expect(registry.isPermission(`${productId}.thing.make`)).toBe(true);
    expect(await become('deprecated', 4)).toMatchObject({ ok: true });
    expect([registry.isActiveProduct(productId), registry.isPermission(`${productId}.thing.make`)]).toEqual([
      true,
      true,
    ]);
    expect(await become('active', 5)).toMatchObject({ ok: true });
    await become('deprecated', 6);
    expect(await become('retired', 7)).toMatchObject({ ok: true });
    expect([
      registry.isActiveProduct(productId),
      registry.isPermission(`${productId}.thing.make`),
      registry.usageUnit(`${productId}-hour`),
    ]).toEqual([false, false, null]);
  });

  it.each([
    ['begin as deprecated', [], 'deprecated'],
    ['skip deprecation', ['active'], 'retired'],
    ['go back to onboarding', ['active'], 'onboarding'],
    ['come back from retirement', ['draft', 'retired'], 'active'],
  ])('does not let it %s', async (_name, before, lifecycle) => {
    for (const [index, state] of before.entries()) expect(await become(state, index + 1)).toMatchObject({ ok: true });
    expect(await become(lifecycle, before.length + 1)).toMatchObject({
      ok: false,
      refusals: [{ code: 'INVALID_STATE' }],
    });
  });

  it('has no active entry while the product is not active', async () => {
    await become('active', 1);
    await become('deprecated', 2);
    const rows = await test.kernel.database.read('system', (tx) =>
      tx.rows(
        `select key from registry.entries e join registry.products p using (product_id) where e.lifecycle = 'active' and p.lifecycle <> 'active'`,
      ),
    );
    expect(rows).toEqual([]);
  });
});

describe('start-up', () => {
  it('fails closed, naming every command and event type that is not registered', async () => {
    const command = defineCommand({
      action: 'ghost.thing.make',
      input: z.object({}),
      scope: () => PLATFORM_SCOPE,
      run: async () => accept(null),
    });
    const event = defineEvent({ type: 'ghost.thing.made', subjectType: 'Ghost', description: 'x', data: z.object({}) });
    const ghost = { ...registry.subgraph, name: 'ghost', commands: [command], events: [event] } satisfies Subgraph;
    expect(() => registry.assertRegistered([ghost])).toThrow(/ghost\.thing\.make[\s\S]*ghost\.thing\.made/);
  });

  it('demands a new version for new contents in production', async () => {
    const configuration = { ...test.kernel.configuration, environment: 'production' as const };
    const kernel = {
      configuration,
      database: test.kernel.database,
      feed: test.kernel.feed,
      logger: test.kernel.logger,
      pipeline: test.kernel.pipeline,
    } as typeof test.kernel;
    const strict = createRegistry({ kernel });
    await strict.registerPacket(testPacket(productId));
    expect(await strict.registerPacket(testPacket(productId, { title: 'Changed' }))).toMatchObject({
      ok: false,
      refusals: [{ code: 'CONFLICT', details: { registeredVersion: 1 } }],
    });
    expect(await strict.registerPacket(testPacket(productId, { title: 'Changed', version: 2 }))).toMatchObject({
      ok: true,
    });
  });
});
