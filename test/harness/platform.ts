import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { loadConfiguration } from '../../kernel/configuration/configuration.js';
import { KERNEL_MIGRATIONS } from '../../kernel/kernel.js';
import { createLogger } from '../../kernel/telemetry/logger.js';
import { type TestDatabase, createTestDatabase } from '../../kernel/testing/database-cluster.js';
import { migratedTemplate } from '../../kernel/testing/test-kernel.js';
import { developmentConfiguration } from '../../processes/development/development-configuration.js';
import { mountIdentityProvider } from '../../processes/development/development-identity.js';
import { generateSigningKeys, signIn } from '../../processes/development/identity-provider/index.js';
import { type GatewayServer, createGatewayServer } from '../../processes/gateway-server.js';
import { type Runtime, startRuntime } from '../../processes/runtime.js';
import { DOMAINS } from '../../subgraphs/composition.js';

export interface TestPlatform {
  readonly origin: string;
  readonly url: string;
  readonly runtime: Runtime;
  readonly gateway: GatewayServer;
  readonly database: TestDatabase;
  /** Signs a person of the development directory in (authorization code with PKCE) and answers the access token. */
  signIn(subject: string): Promise<string>;
  /** Ends background work: from then on, only requests change anything. */
  stopWorker(): Promise<void>;
  close(): Promise<void>;
}

/** A port that nothing listens on at the moment of asking. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** A database with the tables of every domain, copied from a template that the first of all test files makes. */
export async function createPlatformDatabase(): Promise<TestDatabase> {
  const sets = [KERNEL_MIGRATIONS, ...DOMAINS.map((domain) => domain.migrations)];
  return createTestDatabase({ template: await migratedTemplate(sets) });
}

/**
 * The whole platform in this process, reached over real HTTP and WebSockets only: gateway, worker, identity provider.
 * Its log lines go to `logs`, or else to standard output; the level is that of the environment, silent when not given.
 */
export async function startPlatform(
  environment: Record<string, string> = {},
  logs?: { write(line: string): void },
): Promise<TestPlatform> {
  const database = await createPlatformDatabase();
  const port = await freePort();
  const configuration = developmentConfiguration(
    loadConfiguration({
      CP_ENVIRONMENT: 'test',
      CP_LOG_LEVEL: 'silent',
      CP_PORT: String(port),
      CP_OPERATORS: 'olivia',
      DATABASE_URL: database.superuserUrl,
      DATABASE_POOL_SIZE: '8',
      ...environment,
    }),
  );
  const logger = createLogger({
    level: configuration.logLevel,
    ...(logs === undefined ? {} : { destination: logs }),
  });
  const runtime = await startRuntime(configuration, logger);
  const stopWorker = await runtime.startWorker();
  const gateway = await createGatewayServer(runtime);
  await mountIdentityProvider(gateway.server, configuration, generateSigningKeys(), logger);
  await gateway.server.listen({ host: '127.0.0.1', port });
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    url: `${origin}/graphql`,
    runtime,
    gateway,
    database,
    stopWorker,
    async signIn(subject) {
      const { accessToken } = await signIn({
        issuer: `${origin}/oidc`,
        clientId: 'cli',
        redirectUri: 'http://127.0.0.1:8400/callback',
        subject,
        scope: 'openid email profile',
      });
      return accessToken;
    },
    async close() {
      await gateway.close();
      await runtime.stop();
      await database.drop();
    },
  };
}
