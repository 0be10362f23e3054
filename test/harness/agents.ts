import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SimulatedRuntime, startAppWorker } from '../../agent/app-worker/index.js';
import { startSimulatedFleet } from '../../agent/fleet/simulated-fleet.js';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { seedReferenceData } from '../../processes/development/reference-data.js';
import type { TestPlatform } from './platform.js';

/** Reference data and the simulated fleet, whose agents reach the platform over HTTP. */
export async function startFleet(
  platform: Pick<TestPlatform, 'runtime' | 'origin'>,
): Promise<{ stop(): Promise<void> }> {
  const capacity = await seedReferenceData(platform.runtime);
  const stateDirectory = await mkdtemp(path.join(tmpdir(), 'fleet-'));
  const fleet = await startSimulatedFleet({
    baseUrl: platform.origin,
    nodes: capacity.machines,
    bootstrapTokens: capacity.bootstrapTokens,
    stateDirectory,
    provisionMilliseconds: 50,
    releaseMilliseconds: 50,
    heartbeatSeconds: 1,
    waitSeconds: 5,
  });
  const nodes = capacity.machines.length;
  await eventually(async () => (await schedulableNodes(platform)) === nodes, {
    milliseconds: 30_000,
    what: 'the fleet is connected',
  });
  return {
    async stop() {
      await fleet.stop();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

async function schedulableNodes(platform: Pick<TestPlatform, 'runtime'>): Promise<number> {
  const row = await platform.runtime.kernel.database.read('system', (tx) =>
    tx.row<{ nodes: number }>(
      `select count(*)::int as nodes from allocations.nodes where state = 'active' and lower(connectivity) = 'connected' and lower(health) = 'healthy'`,
    ),
  );
  return row?.nodes ?? 0;
}

export function startWorker(
  platform: TestPlatform,
  account: { clientId: string; clientSecret: string },
  projectId: string,
): { stop(): Promise<void> } {
  return startAppWorker({
    url: platform.url,
    tokenUrl: `${platform.origin}/oauth/token`,
    ...account,
    appSlugs: ['jupyterlab', 'vllm'],
    projectId,
    runtime: new SimulatedRuntime({ stepMilliseconds: 10 }),
    waitMs: 2000,
  });
}
