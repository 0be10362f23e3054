import './node-version.js';
import type { FastifyInstance } from 'fastify';
import { ConfigurationError, loadConfiguration } from '../kernel/configuration/configuration.js';
import { createHttpServer } from '../kernel/http/http-server.js';
import { createLogger } from '../kernel/telemetry/logger.js';
import { DOMAINS } from '../subgraphs/composition.js';
import { createGatewayServer } from './gateway-server.js';
import { type Runtime, startRuntime } from './runtime.js';
import { onTermination } from './termination.js';
import { createSubgraphServer } from './subgraph-server.js';

const COMPONENTS = ['gateway', 'worker', ...DOMAINS.map((domain) => domain.name)];

const USAGE = `usage: npm run serve -- <component>…
  components: ${COMPONENTS.join(', ')}
  The first listens on CP_PORT, each further one on the next port. All need DATABASE_URL and CP_MASTER_KEY.`;

interface Served {
  readonly server: FastifyInstance;
  close(): Promise<void>;
}

async function createComponent(runtime: Runtime, name: string): Promise<Served> {
  if (name === 'gateway') return createGatewayServer(runtime);
  if (name !== 'worker') return createSubgraphServer(runtime, name);
  await runtime.startWorker();
  const server = createHttpServer({
    logger: runtime.logger,
    metrics: runtime.kernel.metrics,
    readiness: runtime.readiness,
  });
  return { server, close: () => server.close() };
}

/** Runs components of the platform as a process of their own. */
async function serve(names: readonly string[]): Promise<void> {
  const configuration = loadConfiguration(process.env);
  if (configuration.database.url === null)
    throw new ConfigurationError(['DATABASE_URL: components in separate processes share a database']);
  if (configuration.masterKey === null)
    throw new ConfigurationError(['CP_MASTER_KEY: components in separate processes share a key']);
  const logger = createLogger({ level: configuration.logLevel, name: names.join('+') });
  const runtime = await startRuntime(configuration, logger);
  const served: Served[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(served.map((component) => component.close()));
    await runtime.stop();
  };
  onTermination(stop, logger);
  try {
    for (const [index, name] of names.entries()) {
      const component = await createComponent(runtime, name);
      served.push(component);
      const port = configuration.port === 0 ? 0 : configuration.port + index;
      const address = await component.server.listen({ host: configuration.host, port });
      process.stdout.write(`ready ${name} ${address}\n`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !COMPONENTS.includes(name));
if (names.length === 0 || unknown.length > 0) {
  process.stderr.write(`${unknown.length > 0 ? `there is no component ${unknown.join(', ')}\n` : ''}${USAGE}\n`);
  process.exitCode = 2;
} else {
  serve(names).catch((error: unknown) => {
    process.stderr.write(
      `${error instanceof ConfigurationError ? error.message : String((error as Error).stack ?? error)}\n`,
    );
    process.exit(1);
  });
}
