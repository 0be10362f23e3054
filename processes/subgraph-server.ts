import type { FastifyInstance } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import { GraphQLError } from 'graphql';
import { ANONYMOUS } from '../kernel/access/actor.js';
import { ACTOR_HEADER, verifyActor } from '../kernel/access/actor-header.js';
import type { RequestContext } from '../kernel/graphql/request-context.js';
import { createHttpServer } from '../kernel/http/http-server.js';
import { serveSubgraph } from '../kernel/http/subgraph-server.js';
import { newId } from '../kernel/identifiers/type-id.js';
import type { Logger } from '../kernel/telemetry/logger.js';
import type { Runtime } from './runtime.js';

/** One subgraph over HTTP, for gateways in other processes. Does not listen yet. */
export async function createSubgraphServer(
  runtime: Runtime,
  name: string,
): Promise<{ server: FastifyInstance; close(): Promise<void> }> {
  const schema = runtime.schemas.get(name)?.schema;
  if (schema === undefined)
    throw new Error(`there is no subgraph "${name}"; there are ${[...runtime.schemas.keys()].join(', ')}`);
  const { kernel, logger, configuration } = runtime;
  const server = createHttpServer({ logger, metrics: kernel.metrics, readiness: runtime.readiness });
  const served = await serveSubgraph(server, {
    name,
    schema,
    contextFrom: (headers) => contextFrom(runtime, headers),
    formatError: (error) => formatError(error, { exposes: configuration.exposesErrors, logger }),
    logger,
  });
  return {
    server,
    async close() {
      await served.close();
      await server.close();
    },
  };
}

/** The actor travels signed and is verified here: a caller who is not the gateway is nobody. */
async function contextFrom(
  runtime: Runtime,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<RequestContext> {
  const header = headers[ACTOR_HEADER];
  const key = runtime.masterKey.subkey('actor-header');
  return runtime.kernel.context({
    actor: header === undefined ? ANONYMOUS : await verifyActor(header, key),
    correlationId: headers['x-correlation-id'] ?? newId('cor'),
    traceparent: headers['traceparent'],
    tracestate: headers['tracestate'],
  });
}

/** Only what carries a code is fit to leave the process; the rest is logged here, where its cause is known. */
function formatError(error: unknown, { exposes, logger }: { exposes: boolean; logger: Logger }): GraphQLFormattedError {
  const known = error instanceof GraphQLError ? error : new GraphQLError('Internal error');
  const formatted = known.toJSON();
  const hasCode =
    typeof formatted.extensions?.['code'] === 'string' && formatted.extensions['code'] !== 'INTERNAL_SERVER_ERROR';
  if (hasCode) return formatted;
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  logger.error({ err: cause, path: formatted.path }, 'unexpected error');
  if (exposes) return formatted;
  return {
    ...formatted,
    message: 'Something went wrong inside the platform.',
    extensions: { code: 'INTERNAL', retryable: false },
  };
}
