import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectPath } from '../../../kernel/project-path.js';
import { onboardingPacket } from '../../platform/registry/packet/onboarding-packet.js';
import { tokenFactoryEvents } from './domain/token-factory-events.js';
import { GATEWAY_COMPONENT, PROVIDERS_COMPONENT } from './jobs/report-health-job.js';
import { startTestGateway } from './testing/test-gateway.js';
import { USE_PERMISSION } from './data-plane/caller.js';
import { PRODUCT_ID } from './store/spend-intents.js';
import { READ } from './store/token-factory-queries.js';
import { ROUTES_DIMENSION } from './usecases/create-route.js';
import { INPUT_UNIT, OUTPUT_UNIT } from './usecases/require-prices.js';
import { TARGETS_POLICY } from './usecases/route-targets.js';

interface Entries {
  readonly [family: string]: readonly { readonly id?: string; readonly key?: string }[];
}

it('the onboarding packet is valid and declares every action, event, unit, dimension, key and component of the code', async () => {
  const packet = onboardingPacket.parse(
    JSON.parse(readFileSync(projectPath('subgraphs', 'products', 'token-factory', 'packet.json'), 'utf8')),
  );
  const families = packet.registries as unknown as Entries;
  const ids = (family: string): string[] => (families[family] ?? []).map((entry) => entry.id ?? entry.key ?? '');
  const gateway = await startTestGateway({ withoutWorker: true });
  const actions = gateway.subgraph.commands.map((command) => command.action);
  await gateway.close();
  expect(ids('permissions').toSorted()).toEqual([...actions, USE_PERMISSION, ...Object.values(READ)].toSorted());
  expect(ids('eventTypes').toSorted()).toEqual(tokenFactoryEvents.map((event) => event.type).toSorted());
  expect(ids('usageUnits')).toEqual([INPUT_UNIT, OUTPUT_UNIT]);
  expect(ids('quotaDimensions')).toEqual([ROUTES_DIMENSION]);
  expect(ids('policyKeys')).toEqual([TARGETS_POLICY]);
  expect(ids('statusComponents')).toEqual([GATEWAY_COMPONENT, PROVIDERS_COMPONENT]);
  expect(packet.productId).toBe(PRODUCT_ID);
});
