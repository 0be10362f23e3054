import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFederatedSchema } from '../../../kernel/federation/federated-schema.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { type TestKernel, startTestKernel } from '../../../kernel/testing/test-kernel.js';
import { createIam, iamDefinition } from './index.js';
import { TestRegistry } from './testing/test-registry.js';

let test: TestKernel;
beforeAll(async () => {
  test = await startTestKernel({
    domains: [iamDefinition],
    environment: { CP_OPERATORS: 'root', OIDC_ISSUER: 'https://id.example.com' },
  });
});
afterAll(() => test.close());

it('puts access and credentials together: one schema, every action registered, operators seeded at start', async () => {
  const registry = new TestRegistry();
  const evidence = { audit: { append: () => newId('aud') } };
  const iam = createIam({ kernel: test.kernel, registry, evidence, configuration: test.kernel.configuration });
  test.kernel.pipeline.useAuthority(iam.authority);
  await iam.subgraph.start?.();
  try {
    const { sdl } = buildFederatedSchema(iam.subgraph);
    expect(sdl).toContain('type Project implements Node @key(fields: "id")');
    expect(sdl).toContain('type ServiceAccount implements Node @key(fields: "id")');
    expect(
      iam.subgraph.commands.map((command) => command.action).filter((action) => !registry.isPermission(action)),
    ).toEqual([]);
    const row = await test.kernel.database.read('system', (tx) =>
      tx.row<{ id: string }>(`select id from iam.users where oidc_subject = 'root'`),
    );
    const decision = await iam.authority.decide(
      { kind: 'human', id: row?.id ?? '', displayName: 'Root', organizationIds: '*', assurance: 2 },
      'iam.organization.create',
      { level: 'platform', id: 'platform', organizationId: null },
    );
    expect(decision.isAllowed).toBe(true);
  } finally {
    await iam.subgraph.stop?.();
  }
});
