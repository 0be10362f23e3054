import { afterAll, beforeAll, expect, it } from 'vitest';
import { onboardingPacket } from '../../platform/registry/packet/onboarding-packet.js';
import packet from './packet.json' with { type: 'json' };
import { type AppsFixture, startApps } from './testing/apps-fixture.js';

let fixture: AppsFixture;
beforeAll(async () => {
  fixture = await startApps();
});
afterAll(() => fixture.close());

it('is a packet that the registry takes', () => {
  expect(onboardingPacket.safeParse(packet).error?.issues).toBeUndefined();
});

it('names every action and every event of the domain, and nothing else but reads', () => {
  const actions = fixture.apps.subgraph.commands.map((command) => command.action);
  const named = packet.registries.permissions.map(({ id }) => id);
  expect(named.filter((id) => !id.endsWith('.read')).sort()).toEqual([...actions].sort());
  expect(packet.registries.eventTypes.map(({ id }) => id).sort()).toEqual(
    fixture.apps.subgraph.events.map(({ type }) => type).sort(),
  );
});

it('names every permission that the schema asks for, and every node type', () => {
  const asked = [...fixture.schema.sdl.matchAll(/@access\(permission: "([^"]+)"\)/g)]
    .map((match) => match[1])
    .filter((id) => id !== undefined);
  const named = new Set<string>(packet.registries.permissions.map(({ id }) => id));
  expect(asked.filter((id) => !named.has(id))).toEqual([]);
  const nodes = [...fixture.schema.sdl.matchAll(/^type (\w+) implements Node/gm)].map((match) => match[1] ?? '');
  expect(packet.registries.nodeTypes.map(({ type }) => type).sort()).toEqual(nodes.sort());
});

it('gives app workers their own contract and no more', () => {
  const held = packet.registries.permissions.filter(({ roles }) => roles.includes('app_worker')).map(({ id }) => id);
  expect(held.sort()).toEqual([
    'apps.instance.read',
    'apps.work_item.complete',
    'apps.work_item.fail',
    'apps.work_item.heartbeat',
    'apps.work_item.lease',
    'apps.work_item.release',
    'apps.work_item.report',
  ]);
});
