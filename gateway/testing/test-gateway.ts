import type { FastifyInstance } from 'fastify';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { createHttpServer } from '../../kernel/http/http-server.js';
import { createLogger } from '../../kernel/telemetry/logger.js';
import { Metrics } from '../../kernel/telemetry/metrics.js';
import { createGateway, type Gateway, type GatewayLogger, type GatewayOptions } from '../index.js';
import { shopSupergraph, shopTransports } from './shop-graph.js';

export interface TestContext {
  readonly name: string;
  readonly permissions: ReadonlySet<string>;
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly server: FastifyInstance;
  readonly url: string;
  /** What was logged as unexpected errors. */
  readonly logged: object[];
  stop(): Promise<void>;
}

/**
 * A gateway over the shop graph on a free port. Tokens are lists of permissions: `Bearer a,b`; without a token the
 * caller is anonymous, and `Bearer bad` is refused.
 */
export async function startTestGateway(
  options: Partial<GatewayOptions<TestContext>> = {},
  server: FastifyInstance = testServer(),
): Promise<TestGateway> {
  const logged: object[] = [];
  const logger: GatewayLogger = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields) => logged.push(fields),
  };
  const gateway = await createGateway<TestContext>({
    supergraph: { sdl: shopSupergraph().sdl },
    transports: shopTransports(),
    authenticate: ({ headers, connectionParams }) => {
      const shown = connectionParams?.['authorization'] ?? headers.authorization;
      const token = typeof shown === 'string' ? shown.replace(/^Bearer /, '') : '';
      if (token === 'bad') throw new PlatformError('TOKEN_INVALID', 'The token is not valid.');
      return { name: token === '' ? 'anonymous' : 'user', permissions: new Set(token.split(',')) };
    },
    holds: ({ permissions }, permission) => permissions.has(permission),
    logger,
    ...options,
  });
  await server.register(gateway.fastifyPlugin);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const address = server.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    gateway,
    server,
    logged,
    url: `http://127.0.0.1:${port}/graphql`,
    stop: async () => {
      await server.close();
      await gateway.close();
    },
  };
}

function testServer(): FastifyInstance {
  return createHttpServer({ logger: createLogger({ level: 'silent' }), metrics: new Metrics(), readiness: [] });
}
