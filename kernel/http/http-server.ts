import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from '../telemetry/logger.js';
import type { Metrics } from '../telemetry/metrics.js';
import { type EarlyHandler, EarlyHandlers, proxyTrust } from './early-handlers.js';

/** One thing that must be well before a process takes requests, such as its database. */
export interface ReadinessCheck {
  readonly name: string;
  /** Throws when it is not ready; the message is shown to operators. */
  readonly check: () => Promise<void>;
  /** What operators are told beside, such as the version in force. */
  readonly describe?: () => Readonly<Record<string, unknown>>;
}

export interface HttpServerOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: readonly ReadinessCheck[];
  /** Largest request body, in bytes. */
  readonly bodyBytesMax?: number;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed; none unless given. */
  readonly trustedProxies?: readonly string[];
}

export interface HttpServer extends FastifyInstance {
  /**
   * Asks this handler about every request, after those given before it. One that answers does so without the router and
   * its hooks: what concerns every response (headers, origins) is given here, not as a hook, and first.
   */
  beforeRouting(handler: EarlyHandler): void;
}

const CHECK_MILLISECONDS = 2000;
// A client that hangs must not hold a socket for ever; streams and long polls are answered within this time or flow.
const REQUEST_MILLISECONDS_MAX = 60_000;
const KEEP_ALIVE_MILLISECONDS = 72_000;

/** A Fastify server with health, readiness and metrics; each process has one. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const trust = proxyTrust(options.trustedProxies);
  const early = new EarlyHandlers(trust);
  const server = Fastify({
    loggerInstance: withoutChildren(options.logger),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyBytesMax ?? 1_048_576,
    forceCloseConnections: true,
    trustProxy: trust ?? false,
    serverFactory: (route) =>
      Object.assign(early.serverBefore(route), {
        requestTimeout: REQUEST_MILLISECONDS_MAX,
        keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
      }),
  }) as unknown as HttpServer;
  server.decorate('beforeRouting', (handler: EarlyHandler) => early.add(handler));
  server.addHook('preClose', (done) => {
    early.close();
    done();
  });
  // Fastify's own answer, and its log line, repeat the address, whose query may hold a credential.
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ statusCode: 404, error: 'Not Found', message: 'There is nothing at this address.' }),
  );
  server.get('/healthz', () => ({ status: 'alive' }));
  server.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(options.readiness.map((entry) => probe(entry)));
    const isReady = results.every((result) => result.isReady);
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', checks: results });
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics()),
  );
  return server;
}

/** A logger of its own for each request costs more than routing it; what is logged names its correlation id. */
function withoutChildren(logger: Logger): Logger {
  const alone: Logger = Object.create(logger, { child: { value: () => alone } });
  return alone;
}

interface Probed {
  readonly name: string;
  readonly isReady: boolean;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

async function probe(entry: ReadinessCheck): Promise<Probed> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_MILLISECONDS} ms`)), CHECK_MILLISECONDS);
  });
  try {
    await Promise.race([entry.check(), expiry]);
    return { name: entry.name, isReady: true, ...(entry.describe ? { details: entry.describe() } : {}) };
  } catch (error) {
    return { name: entry.name, isReady: false, reason: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}
