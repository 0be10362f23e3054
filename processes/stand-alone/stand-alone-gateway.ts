import type { FastifyInstance } from 'fastify';
import {
  createGateway,
  FetchSharing,
  type Gateway,
  HttpTransport,
  type RequestInfo,
  SupergraphFile,
} from '../../gateway/index.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { createHttpServer } from '../../kernel/http/http-server.js';
import type { Logger } from '../../kernel/telemetry/logger.js';
import { Metrics } from '../../kernel/telemetry/metrics.js';
import { subgraphUrls } from './subgraph-urls.js';

export interface StandAloneGatewayOptions {
  /** A composed supergraph, with the URL of each subgraph. */
  readonly supergraphSdl: string;
  /** Where it was read from: it is read again when it changes. */
  readonly supergraphFile?: string;
  readonly logger: Logger;
  readonly masksErrors: boolean;
  readonly isUnprotected: boolean;
}

export interface StandAloneGateway {
  readonly server: FastifyInstance;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

/** What is known of a caller whom nobody authenticates: where the request belongs. */
type AnonymousContext = Pick<RequestInfo, 'correlationId' | 'trace'>;

/** Wide, for nobody shares this gateway with strangers, and suites ask for much at once. */
const DOCUMENT_LIMITS = {
  tokensMax: 100_000,
  depthMax: 200,
  fieldsMax: 50_000,
  aliasesMax: 20_000,
  rootFieldsMax: 10_000,
  directivesMax: 20_000,
  spreadsMax: 10_000,
  spreadsPerFragmentMax: 2_000,
  operationsMax: 1_000,
  variablesMax: 5_000,
  charactersMax: 4_000_000,
  overlapsMax: 200_000,
};
const BODY_BYTES_MAX = 16_000_000;

/**
 * The gateway without database, subgraphs and authentication, over HTTP to the URLs in the supergraph. Whoever reaches
 * it is anonymous and holds no permission that `@access` asks for. Does not listen yet. Throws `BAD_USER_INPUT` when
 * the supergraph is not fit.
 */
export async function createStandAloneGateway(options: StandAloneGatewayOptions): Promise<StandAloneGateway> {
  const { supergraphSdl, logger, masksErrors } = options;
  const urls = subgraphUrls(supergraphSdl, options.isUnprotected);
  // All callers are the same nobody, whom subgraphs cannot tell apart.
  const sharing = new FetchSharing<AnonymousContext>(() => 'anonymous');
  const connect = (name: string, url: string): HttpTransport<AnonymousContext> =>
    new HttpTransport<AnonymousContext>({ name, url, headersFor: traceHeaders, sharing });
  const transports = new Map([...urls].map(([name, url]) => [name, connect(name, url)]));
  const metrics = new Metrics({ collectsProcessMetrics: true });
  const gateway = await createGateway<AnonymousContext>({
    supergraph: { sdl: supergraphSdl },
    transports,
    authenticate: (_credentials, { correlationId, trace }) => ({ correlationId, trace }),
    holds: () => false,
    logger,
    metrics,
    documentLimits: DOCUMENT_LIMITS,
    bodyBytesMax: BODY_BYTES_MAX,
    exposeErrors: !masksErrors,
  }).catch((error: unknown) => {
    throw new PlatformError('BAD_USER_INPUT', `the supergraph is refused: ${(error as Error).message}`);
  });
  const { supergraphFile: file } = options;
  const follower = file === undefined ? undefined : followed(file, gateway, options, connect);
  const server = createHttpServer({
    logger,
    metrics,
    readiness: [{ name: 'supergraph', check: async () => undefined, describe: () => ({ ...gateway.runtime.status }) }],
  });
  await server.register(gateway.fastifyPlugin);
  return {
    server,
    gateway,
    async close() {
      follower?.close();
      await server.close();
      await gateway.close();
    },
  };
}

function followed(
  file: string,
  { runtime }: Gateway,
  { isUnprotected, logger }: StandAloneGatewayOptions,
  connect: (name: string, url: string) => HttpTransport<AnonymousContext>,
): SupergraphFile {
  const verify = (supergraphSdl: string): void => void subgraphUrls(supergraphSdl, isUnprotected);
  return SupergraphFile.follow({ file, runtime, logger, connect, verify });
}

function traceHeaders({ correlationId, trace }: AnonymousContext): Readonly<Record<string, string>> {
  return { 'x-correlation-id': correlationId, ...trace };
}
