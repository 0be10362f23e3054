import { InProcessTransport, createGateway } from '../../../../gateway/index.js';
import { createHttpServer } from '../../../../kernel/http/http-server.js';
import { createLogger } from '../../../../kernel/telemetry/logger.js';
import { Metrics } from '../../../../kernel/telemetry/metrics.js';
import { CATALOGUE_SERVICES, catalogueSchema, catalogueSupergraph } from '../../graphs/catalogue-graph.js';
import { sayReady } from './serve-raw.js';

/** Our gateway with all subgraphs in its own process. */
const logger = createLogger({ level: 'warn' });
const gateway = await createGateway<object>({
  supergraph: { sdl: catalogueSupergraph(() => '') },
  transports: new Map(CATALOGUE_SERVICES.map((name) => [name, new InProcessTransport(catalogueSchema(name))])),
  authenticate: () => ({}),
  accessIdentity: () => 'anonymous',
  holds: () => false,
  logger,
});
const server = createHttpServer({ logger, metrics: new Metrics(), readiness: [] });
await server.register(gateway.fastifyPlugin);
sayReady(`${await server.listen({ host: '127.0.0.1', port: 0 })}/graphql`);
