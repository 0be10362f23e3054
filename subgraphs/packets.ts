import { readFile } from 'node:fs/promises';
import { projectPath } from '../kernel/project-path.js';
import type { OnboardingPacket } from './platform/registry/index.js';

/** The onboarding packets that ship with the platform: data of the domains, read as any other product's would be. */
const PACKETS = [
  ['platform', 'registry'],
  ['platform', 'iam'],
  ['platform', 'evidence'],
  ['platform', 'billing'],
  ['products', 'allocations'],
  ['products', 'apps'],
  ['products', 'token-factory'],
] as const;

export async function readPackets(): Promise<OnboardingPacket[]> {
  const files = PACKETS.map((folders) => projectPath('subgraphs', ...folders, 'packet.json'));
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8')) as OnboardingPacket));
}

/** Which GraphQL type an identifier's prefix names, over all packets. */
export async function nodePrefixes(): Promise<Map<string, string>> {
  const prefixes = new Map<string, string>();
  for (const packet of await readPackets()) {
    const { nodeTypes } = packet.registries;
    if (Array.isArray(nodeTypes)) for (const { prefix, type } of nodeTypes) prefixes.set(prefix, type);
  }
  return prefixes;
}
