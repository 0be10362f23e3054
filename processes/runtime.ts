import type { Configuration } from '../kernel/configuration/configuration.js';
import type { FederatedSchema } from '../kernel/federation/federated-schema.js';
import { NatsRelay } from '../kernel/events/nats-relay.js';
import type { ReadinessCheck } from '../kernel/http/http-server.js';
import { Worker } from '../kernel/jobs/worker.js';
import { Kernel } from '../kernel/kernel.js';
import { type MasterKey, resolveMasterKey } from '../kernel/secrets/master-key.js';
import type { Logger } from '../kernel/telemetry/logger.js';
import { Metrics } from '../kernel/telemetry/metrics.js';
import { startTracing } from '../kernel/telemetry/tracing.js';
import { DOMAINS, type Domains, buildSchemas, composeDomains } from '../subgraphs/composition.js';
import { type ProcessDatabase, openDatabase } from './database.js';
import { registerPackets } from './packets.js';

/** What every process has, whichever components it runs. */
export interface Runtime {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly database: ProcessDatabase;
  readonly kernel: Kernel;
  readonly domains: Domains;
  readonly schemas: ReadonlyMap<string, FederatedSchema>;
  readonly masterKey: MasterKey;
  readonly readiness: readonly ReadinessCheck[];
  /** Starts background work in this process; it is stopped with it, or before by the function that is answered. */
  startWorker(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** Opens the database, composes the domains, registers their packets and loads their snapshots. */
export async function startRuntime(configuration: Configuration, logger: Logger): Promise<Runtime> {
  const tracing =
    configuration.otlpEndpoint === null ? null : await startTracing(configuration.otlpEndpoint, 'control-plane');
  const database = await openDatabase(configuration);
  const stops: (() => Promise<void>)[] = [() => database.stop(), async () => tracing?.stop()];
  const stop = async (): Promise<void> => {
    for (const action of stops.splice(0).reverse()) {
      await action().catch((error: unknown) => logger.error({ err: error }, 'a part did not stop cleanly'));
    }
  };
  try {
    const metrics = new Metrics({ collectsProcessMetrics: true });
    const kernel = new Kernel({ configuration, databaseUrl: database.url, domains: DOMAINS, logger, metrics });
    stops.push(() => kernel.close());
    const domains = composeDomains(kernel);
    const schemas = buildSchemas(domains);
    await kernel.start();
    await registerPackets(domains.registry);
    domains.registry.assertRegistered([...domains.subgraphs.values()]);
    for (const subgraph of domains.subgraphs.values()) {
      await subgraph.start?.();
      stops.push(async () => subgraph.stop?.());
    }
    const worker = new Worker({ database: kernel.database, feed: kernel.feed, logger });
    return {
      configuration,
      logger,
      database,
      kernel,
      domains,
      schemas,
      masterKey: await resolveMasterKey(configuration),
      readiness: [{ name: 'database', check: () => pingDatabase(kernel) }],
      async startWorker() {
        const relay = await connectRelay(configuration, kernel, logger);
        if (relay !== null) stops.push(() => relay.close());
        const all = [...domains.subgraphs.values()];
        worker.start(
          [...kernel.jobs(), ...(relay === null ? [] : [relay.job()]), ...all.flatMap((subgraph) => subgraph.jobs)],
          all.flatMap((subgraph) => subgraph.consumers),
        );
        const stopWorker = async (): Promise<void> => worker.stop();
        stops.push(stopWorker);
        return stopWorker;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Past one machine, the event log is relayed to NATS JetStream. */
async function connectRelay(configuration: Configuration, kernel: Kernel, logger: Logger): Promise<NatsRelay | null> {
  const { natsUrl: url, eventRetentionSeconds: retentionSeconds } = configuration;
  if (url === null) return null;
  return NatsRelay.connect({ url, retentionSeconds, database: kernel.database, feed: kernel.feed, logger });
}

async function pingDatabase(kernel: Kernel): Promise<void> {
  await kernel.database.systemPool.query('select 1');
}
