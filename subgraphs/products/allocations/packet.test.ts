import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onboardingPacket } from '../../platform/registry/packet/onboarding-packet.js';
import { type AllocationWorld, createAllocationWorld } from './testing/allocation-world.js';

let world: AllocationWorld;
beforeAll(async () => {
  world = await createAllocationWorld({ nodes: [], runsJobs: false });
});
afterAll(() => world.close());

describe('the onboarding packet of allocations', () => {
  const packet = onboardingPacket.parse(JSON.parse(readFileSync(new URL('packet.json', import.meta.url), 'utf8')));
  const ids = (section: unknown): string[] => (section as { id: string }[]).map((entry) => entry.id);

  it('names every command of the subgraph as a permission', () => {
    const permissions = ids(packet.registries.permissions);
    const missing = world.subgraph.commands
      .map((command) => command.action)
      .filter((action) => !permissions.includes(action));
    expect(missing).toEqual([]);
    expect(permissions).toEqual([...new Set(permissions)]);
  });

  it('names exactly the event types of the subgraph, with what they are about', () => {
    const entries = packet.registries.eventTypes as { id: string; subjectType: string }[];
    const declared = entries.map((entry) => `${entry.id} ${entry.subjectType}`);
    const told = world.subgraph.events.map((event) => `${event.type} ${event.subjectType}`);
    expect(new Set(declared)).toEqual(new Set(told));
  });

  it('gives work of the platform itself to nobody but the platform administrator', () => {
    const own = [
      'allocations.allocation.advance',
      'allocations.allocation.meter',
      'allocations.task.report',
      'allocations.node.enroll',
      'allocations.node.observe',
      'allocations.signer.rotate',
    ];
    const entries = packet.registries.permissions as { id: string; roles: string[] }[];
    expect(own.map((id) => entries.find((entry) => entry.id === id)?.roles)).toEqual(own.map(() => ['platform_admin']));
  });
});
