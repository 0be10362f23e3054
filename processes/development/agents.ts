import path from 'node:path';
import { SimulatedRuntime, startAppWorker } from '../../agent/app-worker/index.js';
import { startSimulatedFleet } from '../../agent/fleet/simulated-fleet.js';
import { projectPath } from '../../kernel/project-path.js';
import type { Runtime } from '../runtime.js';
import type { Demonstration } from './demonstration.js';

/**
 * Starts what lives outside of the control plane: the simulated machines with their agents, and an app worker. Both speak
 * to it over HTTP only, as they would from elsewhere.
 */
export async function startAgents(runtime: Runtime, demonstration: Demonstration): Promise<() => Promise<void>> {
  const { configuration, logger } = runtime;
  const baseUrl = configuration.publicUrl ?? '';
  const fleet = await startSimulatedFleet({
    baseUrl,
    nodes: demonstration.capacity.machines,
    bootstrapTokens: demonstration.capacity.bootstrapTokens,
    stateDirectory: path.resolve(projectPath(), configuration.dataDirectory, 'fleet'),
    onError: (error, node, what) => logger.warn({ err: error, node, what }, 'a simulated node met a failure'),
  });
  const machines = new SimulatedRuntime();
  const worker = startAppWorker({
    url: `${baseUrl}/graphql`,
    tokenUrl: `${baseUrl}/oauth/token`,
    clientId: demonstration.serviceAccount.clientId,
    clientSecret: demonstration.serviceAccount.clientSecret,
    appSlugs: ['jupyterlab', 'vllm'],
    projectId: demonstration.projectIds[0],
    runtime: machines,
    logger,
  });
  return async () => {
    await Promise.all([worker.stop(), fleet.stop()]);
    await machines.close();
  };
}
