import { expect, it } from 'vitest';
import { ACCESS_EVENTS } from './domain/iam-events.js';
import { credentialEvents } from './domain/credentials/credential-events.js';
import { startTestIam } from './testing/test-iam.js';
import { iamPacket } from './testing/test-registry.js';

it('declares every command, event and node type of access', async () => {
  const { registries } = iamPacket();
  if (!Array.isArray(registries.permissions) || !Array.isArray(registries.eventTypes))
    throw new Error('IAM has permissions and events');
  const permissions = new Set(registries.permissions.map((entry) => entry.id));
  const events = new Set(registries.eventTypes.map((entry) => entry.id));
  expect(
    [...ACCESS_EVENTS, ...credentialEvents].map((event) => event.type).filter((type) => !events.has(type)),
  ).toEqual([]);
  const iam = await startTestIam();
  try {
    expect(
      iam.access.subgraph.commands.map((command) => command.action).filter((action) => !permissions.has(action)),
    ).toEqual([]);
    const used = [...iam.sdl.matchAll(/@access\(permission: "([^"]+)"\)/g)].map((match) => match[1] ?? '');
    expect(used.filter((permission) => !permissions.has(permission))).toEqual([]);
  } finally {
    await iam.close();
  }
});
