import { type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Observation, type Runtime, RuntimeFailure, type Workload } from './runtime.js';
import type { Endpoint, KnownInstance, Plan, PlannedEndpoint } from './work-types.js';

interface Running {
  readonly planHash: string;
  readonly servers: ReadonlyMap<string, { server: Server; url: string }>;
}

export interface SimulatedRuntimeOptions {
  /** How long each step takes, in milliseconds. */
  readonly stepMilliseconds?: number;
  /** The address that endpoints listen on; loopback unless told. */
  readonly host?: string;
}

/**
 * Runs no containers: each endpoint of a plan is a tiny HTTP server in this process that really answers. So `running` means that
 * something can be reached, on a machine without Docker and without a GPU.
 */
export class SimulatedRuntime implements Runtime {
  readonly #running = new Map<string, Running>();
  readonly #stepMilliseconds: number;
  readonly #host: string;

  constructor(options: SimulatedRuntimeOptions = {}) {
    this.#stepMilliseconds = options.stepMilliseconds ?? 200;
    this.#host = options.host ?? '127.0.0.1';
  }

  /** How many workloads are there: tests look for doubles and orphans. */
  get size(): number {
    return this.#running.size;
  }

  async observe(instanceId: string): Promise<Observation | null> {
    const running = this.#running.get(instanceId);
    if (running === undefined) return null;
    const endpoints: Endpoint[] = [];
    for (const [name, { url }] of running.servers) endpoints.push({ name, url, isReady: await answers(url) });
    const isHealthy = endpoints.every((endpoint) => endpoint.isReady);
    return { planHash: running.planHash, isRunning: true, isHealthy, endpoints };
  }

  async pull(workload: Workload, signal: AbortSignal): Promise<void> {
    for (const { image } of workload.plan.containers) {
      if (!/@sha256:[0-9a-f]{64}$/.test(image))
        throw new RuntimeFailure('PERMANENT', `the image ${image} is not named by its digest`);
      await pause(this.#stepMilliseconds, signal);
    }
  }

  async start(workload: Workload, signal: AbortSignal): Promise<void> {
    if (this.#running.get(workload.instanceId)?.planHash === workload.planHash) return;
    await pause(this.#stepMilliseconds, signal);
    await this.remove(workload.instanceId);
    signal.throwIfAborted();
    await this.#open(workload.instanceId, workload, () => 0);
  }

  async waitUntilReady(workload: Workload, signal: AbortSignal): Promise<Observation> {
    const deadline = Date.now() + workload.plan.health.startSecondsMax * 1000;
    for (;;) {
      const observation = await this.observe(workload.instanceId);
      if (observation?.isHealthy === true) return observation;
      if (Date.now() > deadline)
        throw new RuntimeFailure('RETRYABLE', `it did not answer within ${workload.plan.health.startSecondsMax} s`);
      await pause(100, signal);
    }
  }

  async stop(instanceId: string): Promise<void> {
    await this.remove(instanceId);
  }

  async remove(instanceId: string): Promise<void> {
    const running = this.#running.get(instanceId);
    this.#running.delete(instanceId);
    for (const { server } of running?.servers.values() ?? []) await close(server);
  }

  /** Listens again where the platform says that each instance is reached. */
  async restore(instances: readonly KnownInstance[]): Promise<void> {
    for (const instance of instances) {
      if (this.#running.has(instance.id)) continue;
      const ports = new Map(
        instance.endpoints.map(({ name, url }) => [name, url === null ? 0 : Number(new URL(url).port)]),
      );
      await this.#open(instance.id, instance, (name) => ports.get(name) ?? 0);
    }
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const instanceId of this.#running.keys()) await this.remove(instanceId);
  }

  async #open(
    instanceId: string,
    started: { plan: Plan; planHash: string },
    portOf: (name: string) => number,
  ): Promise<void> {
    const servers = new Map<string, { server: Server; url: string }>();
    // Known before the first server listens: an abort in the middle leaves nothing that nobody can find.
    this.#running.set(instanceId, { planHash: started.planHash, servers });
    for (const endpoint of started.plan.endpoints) {
      const server = createServer((request, response) =>
        answer(response, { instanceId, endpoint, plan: started.plan, path: request.url ?? '/' }),
      );
      // A workload does not keep its worker's process alive.
      server.unref();
      const port = await listen(server, this.#host, portOf(endpoint.name));
      servers.set(endpoint.name, { server, url: `http://${this.#host}:${port}${endpoint.path}` });
    }
  }
}

function answer(
  response: ServerResponse,
  about: { instanceId: string; endpoint: PlannedEndpoint; plan: Plan; path: string },
): void {
  const { instanceId, endpoint, plan } = about;
  const body = {
    app: plan.app,
    version: plan.version,
    instance: instanceId,
    endpoint: endpoint.name,
    protocol: endpoint.protocol,
    simulated: true,
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(
      about.path.endsWith('/models') ? { object: 'list', data: [{ id: plan.app, object: 'model' }] } : body,
    ),
  );
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const attempt = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, host, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  try {
    return await attempt(port);
  } catch (error) {
    // Somebody else has the port by now: any other is better than none.
    if (port === 0) throw error;
    return attempt(0);
  }
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', end, { once: true });
  });
}
