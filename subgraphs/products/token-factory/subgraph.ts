import type { Subgraph } from '../../../kernel/subgraph.js';
import type { TokenFactoryDependencies } from './contract.js';
import type { GatewayParts } from './data-plane/gateway-parts.js';
import { HeldSpendGuard } from './data-plane/held-spend-guard.js';
import { openAiRoutes } from './data-plane/openai-routes.js';
import { PriceList } from './data-plane/price-list.js';
import { ProviderMonitor } from './data-plane/provider-monitor.js';
import { RateLimiter } from './data-plane/rate-limiter.js';
import { RequestLog } from './data-plane/request-log.js';
import { SnapshotFollower } from './data-plane/snapshot-follower.js';
import { tokenFactoryEvents } from './domain/token-factory-events.js';
import type { ProviderHealth } from './domain/provider-health.js';
import { discoverAppModelsJob } from './jobs/discover-app-models.js';
import { followAppEndpoints } from './jobs/follow-app-endpoints.js';
import { reportHealthJob } from './jobs/report-health-job.js';
import { settleAbandonedJob } from './jobs/settle-abandoned-job.js';
import { BuiltinProvider } from './providers/builtin-provider.js';
import { OpenAiCompatibleProvider } from './providers/openai-compatible-provider.js';
import { createUpstreamAgent } from './providers/upstream-agent.js';
import {
  resolveEndpoint,
  resolveModel,
  resolvePolicy,
  resolveProvider,
  resolveRequest,
  resolveRoute,
} from './schema/entity-access.js';
import { CatalogueResolver, ModelEndpointResolver } from './schema/model-resolver.js';
import { createRouteEventResolver } from './schema/route-event-resolver.js';
import {
  AppInstanceModelsResolver,
  ModelPolicyResolver,
  ModelRequestResolver,
  ModelRouteEventSubjectResolver,
  ProjectModelsResolver,
} from './schema/relation-resolvers.js';
import { ModelRouteResolver, ModelRouteTargetResolver } from './schema/route-resolver.js';
import { createEndpoint } from './usecases/create-endpoint.js';
import { createCreateProvider } from './usecases/create-provider.js';
import { createCreateRoute } from './usecases/create-route.js';
import { createMoveRoute } from './usecases/move-route.js';
import { observeProvider } from './usecases/observe-provider.js';
import { registerModel } from './usecases/register-model.js';
import { createSetPolicy } from './usecases/set-policy.js';
import { updateEndpoint } from './usecases/update-endpoint.js';
import { createUpdateProvider } from './usecases/update-provider.js';
import { createUpdateRoute } from './usecases/update-route.js';

/** Timings that tests shorten. */
export interface TokenFactoryTimings {
  readonly firstByteMilliseconds: number;
  readonly wholeMilliseconds: number;
  /** The longest pause between two pieces of an upstream's answer. */
  readonly idleMilliseconds: number;
}

const TIMINGS: TokenFactoryTimings = {
  firstByteMilliseconds: 60_000,
  wholeMilliseconds: 300_000,
  idleMilliseconds: 60_000,
};

function createCommands(deps: TokenFactoryDependencies) {
  const { directory, policies, quotas, secrets } = deps.iam;
  const provider = { secrets, allowsPrivate: deps.configuration.allowsPrivateUpstreams };
  const route = { directory, policies, quotas, prices: deps.billing.prices };
  return {
    createProvider: createCreateProvider(provider),
    updateProvider: createUpdateProvider(provider),
    createRoute: createCreateRoute(route),
    updateRoute: createUpdateRoute(route),
    activateRoute: createMoveRoute('activate', route),
    disableRoute: createMoveRoute('disable', route),
    retireRoute: createMoveRoute('retire', route),
    setPolicy: createSetPolicy({ directory }),
  };
}

function createGatewayParts(deps: TokenFactoryDependencies, timings: TokenFactoryTimings) {
  const { kernel, iam, billing, configuration } = deps;
  const allowsPrivate = configuration.allowsPrivateUpstreams;
  const agent = createUpstreamAgent({ allowsPrivate });
  const parts = {
    kernel,
    callers: {
      credentials: iam.credentials,
      directory: iam.directory,
      authority: iam.authority,
      auditDenial: (decision, invocation) => kernel.pipeline.auditDenial(decision, invocation),
    },
    balance: (tx, organizationId) => billing.balance(tx, organizationId),
    snapshot: new SnapshotFollower({ kernel, secrets: iam.secrets }),
    prices: new PriceList({ kernel, prices: billing.prices }),
    rates: new RateLimiter(),
    spend: new HeldSpendGuard({ kernel, billing }),
    log: new RequestLog(kernel),
    monitor: new ProviderMonitor(kernel),
    providers: {
      builtin: new BuiltinProvider(),
      openai_compatible: new OpenAiCompatibleProvider({ agent, allowsPrivate }),
    },
    random: Math.random,
    ...timings,
  } satisfies GatewayParts;
  return { parts, agent };
}

export function createTokenFactorySubgraph(
  deps: TokenFactoryDependencies,
  timings: TokenFactoryTimings = TIMINGS,
): Subgraph {
  const { kernel, iam, billing, registry, apps, configuration } = deps;
  const allowsPrivate = configuration.allowsPrivateUpstreams;
  const commands = createCommands(deps);
  const { parts, agent } = createGatewayParts(deps, timings);
  return {
    name: 'token-factory',
    resolvers: [
      new CatalogueResolver(commands),
      new ModelEndpointResolver(),
      new ModelRouteResolver(commands),
      new ModelRouteTargetResolver(),
      new ModelPolicyResolver(),
      new ModelRequestResolver(),
      new ProjectModelsResolver(),
      new AppInstanceModelsResolver(),
      new ModelRouteEventSubjectResolver(),
      createRouteEventResolver(iam.directory),
    ],
    references: {
      Model: resolveModel,
      ProviderAccount: resolveProvider,
      ModelEndpoint: resolveEndpoint,
      ModelRoute: resolveRoute,
      ModelPolicy: resolvePolicy,
      ModelRequest: resolveRequest,
      Project: (reference) => ({ id: reference['id'] }),
      AppInstance: (reference) => ({ id: reference['id'] }),
    },
    commands: [registerModel, observeProvider, createEndpoint, updateEndpoint, ...Object.values(commands)],
    events: tokenFactoryEvents,
    jobs: [
      settleAbandonedJob({ kernel, billing }),
      discoverAppModelsJob({ kernel, agent, allowsPrivate }),
      reportHealthJob({ kernel, registry, isServing: () => parts.snapshot.current() !== null }),
    ],
    consumers: [followAppEndpoints({ apps, allowsPrivate })],
    routes: openAiRoutes(parts),
    async start() {
      await parts.snapshot.start();
      await assumeHealth(parts);
      parts.prices.start();
      parts.spend.start();
    },
    async stop() {
      await Promise.all([parts.spend.stop(), parts.prices.stop(), parts.snapshot.stop()]);
      await parts.log.stop();
      await agent.destroy();
    },
  };
}

/** A provider that was written down as ill before this start is told as healthy once calls succeed. */
async function assumeHealth(parts: GatewayParts): Promise<void> {
  const rows = await parts.kernel.database.read('system', (tx) =>
    tx.rows<{ id: string; health: ProviderHealth }>(
      `select id, health from token_factory.provider_accounts where health <> 'healthy'`,
    ),
  );
  for (const row of rows) parts.monitor.assume(row.id, row.health);
}
