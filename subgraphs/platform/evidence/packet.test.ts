import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestAuthority } from '../../../kernel/testing/test-authority.js';
import { type TestKernel, eventually, startTestKernel, testHuman } from '../../../kernel/testing/test-kernel.js';
import { type Registry, createRegistry, onboardingPacket, registryDefinition } from '../registry/index.js';
import { type Evidence, createEvidence, evidenceDefinition } from './index.js';
import packet from './packet.json' with { type: 'json' };

let test: TestKernel;
let registry: Registry;
let evidence: Evidence;

beforeAll(async () => {
  test = await startTestKernel({ domains: [registryDefinition, evidenceDefinition] });
  test.kernel.pipeline.useAuthority(new TestAuthority());
  registry = createRegistry({ kernel: test.kernel });
  evidence = createEvidence({ kernel: test.kernel, status: registry });
});
afterAll(() => test.close());

it('declares everything that evidence does, and nothing that it does not own', async () => {
  expect(onboardingPacket.safeParse(packet).error).toBeUndefined();
  expect(() => registry.assertRegistered([evidence.subgraph])).toThrow('evidence.bundle.create');
  expect(await registry.registerPacket(packet)).toMatchObject({ ok: true });
  expect(() => registry.assertRegistered([evidence.subgraph])).not.toThrow();
  const events = evidence.subgraph.events.map(({ type }) => type);
  expect(packet.registries.eventTypes.map(({ id }) => id).toSorted()).toEqual(events.toSorted());
});

it('reports the health of the audit log as a status component', async () => {
  await registry.registerPacket(packet);
  test.runWorker(evidence.subgraph.jobs);
  const context = test.context(testHuman([]));
  await eventually(async () => {
    const row = await context.read((tx) =>
      tx.row<{ health: string }>(
        "select health from registry.status_components where component_id = 'evidence-audit-log'",
      ),
    );
    return row?.health === 'ready';
  });
});
