import type { BenchmarkEnvironment } from '../harness/benchmark.js';
import type { CatalogueServers } from '../harness/catalogue-servers.js';
import type { ServerProcess } from '../harness/server-process.js';
import { installPeers } from './install-peers.js';

export type PeerName =
  | 'Mercurius gateway, jit'
  | 'Mercurius with one schema, jit'
  | 'one schema, graphql-jit'
  | 'Hive Gateway';

const PEERS = 'test/load/peers/servers';

/** Servers that are no dependencies of ours; none without `--peers`. One that does not install or start is left out, with a note. */
export async function startPeers(
  environment: BenchmarkEnvironment,
  servers: CatalogueServers,
): Promise<ReadonlyMap<PeerName, ServerProcess>> {
  const started = new Map<PeerName, ServerProcess>();
  if (!environment.withPeers) return started;
  const directory = await installPeers(environment);
  const peers: Record<PeerName, readonly string[]> = {
    'Mercurius gateway, jit': ['mercurius-gateway.ts', ...servers.namedUrls()],
    'Mercurius with one schema, jit': ['mercurius-whole.ts'],
    'one schema, graphql-jit': ['whole-jit.ts'],
    'Hive Gateway': ['hive-gateway.ts', servers.supergraphFile],
  };
  for (const [name, [script = '', ...args]] of Object.entries(peers) as [PeerName, readonly string[]][]) {
    try {
      started.set(name, await servers.startCommand(`${PEERS}/${script}`, args, { PEERS_DIRECTORY: directory }));
    } catch (error) {
      environment.note(`left out: ${name}: ${(error as Error).message}`);
    }
  }
  return started;
}
