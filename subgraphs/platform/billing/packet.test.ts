import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OnboardingPacket, onboardingPacket } from '../registry/packet/onboarding-packet.js';
import { type BillingFixture, startBilling } from './testing/billing-fixture.js';

let test: BillingFixture;
beforeAll(async () => {
  test = await startBilling();
});
afterAll(() => test.close());

function packet(): OnboardingPacket {
  return onboardingPacket.parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'packet.json'), 'utf8')));
}

function idsOf(section: unknown): string[] {
  return Array.isArray(section)
    ? section.map((entry: { id?: string; key?: string }) => entry.id ?? entry.key ?? '')
    : [];
}

it('registers every command, event, read permission and policy that billing uses', () => {
  const { registries } = packet();
  const { commands, events } = test.billing.subgraph;
  expect(idsOf(registries.permissions)).toEqual(expect.arrayContaining(commands.map((command) => command.action)));
  expect(idsOf(registries.permissions)).toEqual(
    expect.arrayContaining(['billing.account.read', 'billing.usage.read', 'billing.budget.read']),
  );
  expect(idsOf(registries.eventTypes).sort()).toEqual(events.map((event) => event.type).sort());
  expect(idsOf(registries.policyKeys)).toEqual(expect.arrayContaining([...test.policies.values.keys()]));
});

it('lets nobody but the platform credit money, or do what only the platform does', () => {
  const { permissions } = packet().registries;
  if (!Array.isArray(permissions)) throw new Error('billing has permissions');
  const platformOnly = permissions.filter((entry) => !/\.read$|budget\.set$/.test(entry.id));
  expect(platformOnly.flatMap((entry) => entry.roles).every((role) => role.startsWith('platform_'))).toBe(true);
});

it('resolves every type of its packet', () => {
  const { nodeTypes } = packet().registries;
  if (!Array.isArray(nodeTypes)) throw new Error('billing has node types');
  expect(Object.keys(test.billing.subgraph.references)).toEqual(
    expect.arrayContaining(nodeTypes.map((entry) => entry.type)),
  );
});
