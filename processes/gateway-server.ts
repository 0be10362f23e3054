import type { FastifyInstance } from 'fastify';
import {
  type DevelopmentCredential,
  type Gateway,
  type GraphiqlTab,
  SupergraphFile,
  createGateway,
} from '../gateway/index.js';
import { ANONYMOUS } from '../kernel/access/actor.js';
import { documentOptions } from './document-options.js';
import { costBudgetOf } from './cost-budget.js';
import { NOW } from '../kernel/events/cursor.js';
import type { RequestContext } from '../kernel/graphql/request-context.js';
import { createHttpServer, type ReadinessCheck } from '../kernel/http/http-server.js';
import { accessIdentity } from './access-identity.js';
import { CredentialWatch } from './credential-watch.js';
import { scopeNamedIn } from './named-scope.js';
import { GRAPHIQL_TABS, tabsWithin } from './graphiql-tabs.js';
import { nodeSubgraph } from '../schema/node-subgraph.js';
import { nodePrefixes } from '../subgraphs/packets.js';
import { setResponseHeaders } from './response-headers.js';
import type { Runtime } from './runtime.js';
import { subgraphTransports } from './subgraph-transports.js';
import { supergraphInForce } from './supergraph-in-force.js';

export interface GatewayServerOptions {
  /** Ready-made sign-ins for GraphiQL; development only. */
  readonly developmentCredentials?: () => Promise<readonly DevelopmentCredential[]>;
  readonly signInUrl?: string;
  readonly tabs?: readonly GraphiqlTab[];
}

export interface GatewayServer {
  readonly server: FastifyInstance;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

/** The gateway with everything that a standard puts beside GraphQL: OAuth, the data plane, node pull. Does not listen yet. */
export async function createGatewayServer(
  runtime: Runtime,
  options: GatewayServerOptions = {},
): Promise<GatewayServer> {
  const { kernel, domains, configuration, logger } = runtime;
  const schemas = new Map([...runtime.schemas, ['node', nodeSubgraph(await nodePrefixes(), runtime.schemas.values())]]);
  const watch = new CredentialWatch((listener) => domains.iam.credentials.onRevocation(listener));
  const gateway = await createGateway<RequestContext>({
    supergraph: await supergraphInForce(configuration, schemas),
    transports: subgraphTransports(runtime, schemas),
    authenticate: async (credentials, info) => {
      const header = credentials.connectionParams?.['authorization'] ?? credentials.headers.authorization;
      const bearer = typeof header === 'string' ? /^Bearer\s+(\S+)$/i.exec(header)?.[1] : undefined;
      const { correlationId, signal, trace } = info;
      const origin = { ip: info.ip, userAgent: info.userAgent, correlationId };
      const actor =
        bearer === undefined
          ? { ...ANONYMOUS, ip: info.ip, userAgent: info.userAgent }
          : await domains.iam.credentials.authenticate(bearer, origin);
      if (bearer !== undefined) watch.remember(actor, async () => domains.iam.credentials.authenticate(bearer, origin));
      return kernel.context({ actor, correlationId, ...trace, signal });
    },
    holds: (context, permission) => domains.iam.authority.holdsAnywhere(context.actor, permission),
    refuse: async (context, [permission], variables) => {
      if (permission !== undefined)
        await context.require(permission, await scopeNamedIn(variables, domains.iam.directory));
    },
    contract: configuration.contract,
    contextPerEvent: (context) => context.fresh(),
    openStream: (context) => watch.lease(context.actor),
    accessIdentity: (context) => accessIdentity(context.actor),
    expiresAt: (context) => context.actor.expiresAt,
    streamConvention: { now: NOW },
    logger,
    metrics: kernel.metrics,
    engine: configuration.engine,
    documents: await documentOptions(configuration),
    demand: {
      operationCostMax: configuration.cost.perOperationMax,
      budgetOf: ({ actor }) => costBudgetOf(configuration, actor),
    },
    operationSecondsMax: configuration.operationSecondsMax,
    exposeErrors: configuration.exposesErrors,
    graphiql: {
      title: 'GPU control plane',
      tabs: tabsWithin(configuration.contract, options.tabs ?? GRAPHIQL_TABS),
      ...(options.developmentCredentials === undefined
        ? {}
        : { developmentCredentials: options.developmentCredentials }),
      ...(options.signInUrl === undefined ? {} : { signInUrl: options.signInUrl }),
    },
  });
  const { supergraphFile: file } = configuration;
  const supergraphFile = file === null ? null : SupergraphFile.follow({ file, runtime: gateway.runtime, logger });
  const server = createHttpServer({
    logger,
    metrics: kernel.metrics,
    readiness: [...runtime.readiness, supergraphReadiness(gateway)],
    trustedProxies: configuration.trustedProxies,
  });
  setResponseHeaders(server, {
    corsOrigins: configuration.corsOrigins,
    isTlsOnly: configuration.publicUrl?.startsWith('https://') ?? false,
  });
  for (const subgraph of domains.subgraphs.values()) {
    // Each domain's routes in a scope of their own: their parsers and error handlers do not meet.
    if (subgraph.routes !== undefined) await server.register(async (scoped) => subgraph.routes?.(scoped));
  }
  await server.register(gateway.fastifyPlugin);
  return {
    server,
    gateway,
    async close() {
      supergraphFile?.close();
      await server.close();
      await gateway.close();
      watch.close();
    },
  };
}

/** There always is a supergraph in force: this check is there to say which. */
function supergraphReadiness({ runtime }: Gateway): ReadinessCheck {
  return { name: 'supergraph', check: async () => undefined, describe: () => ({ ...runtime.status }) };
}
