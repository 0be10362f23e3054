import type { FastifyPluginAsync } from 'fastify';
import type { GatewayOptions } from './gateway-options.js';
import { gatewayPlugin } from './http/fastify-plugin.js';
import { preparedDocumentsOf } from './guard/documents/trusted-documents-of.js';
import { OperationService } from './operation-service.js';
import type { EngineFactory } from './generation/generation-builder.js';
import { GatewayRuntime } from './runtime.js';

export interface Gateway {
  /** The supergraph in force; `swap` replaces it. */
  readonly runtime: GatewayRuntime;
  /** Serves the endpoint. Closing the Fastify instance ends streams with a reason and closes sockets with 1001. */
  readonly fastifyPlugin: FastifyPluginAsync;
  /** Ends all streams and closes the transports. Close the Fastify instance first. */
  close(): Promise<void>;
}

/** Starts a gateway. Throws if the supergraph does not compose, or lacks a transport. */
export async function createGateway<Context extends object>(options: GatewayOptions<Context>): Promise<Gateway> {
  const { supergraph, transports, contract, logger, metrics, documentLimits, swap } = options;
  const runtime = await GatewayRuntime.start({
    supergraph,
    transports,
    logger,
    ...(metrics ? { metrics } : {}),
    ...(contract ? { contract } : {}),
    ...(documentLimits ? { documentLimits } : {}),
    ...(swap ? { swap } : {}),
    trustedDocuments: () => preparedDocumentsOf(options).map(({ text }) => text),
    ...(options.engine === 'stock' ? { engineFactory: stockEngine } : {}),
  });
  const service = new OperationService(runtime, options);
  return {
    runtime,
    fastifyPlugin: gatewayPlugin(service, options),
    close: async () => {
      await service.endStreams();
      await runtime.close();
    },
  };
}

/** Loaded only when asked for: `@apollo/gateway` brings much along. */
const stockEngine: EngineFactory = async (supergraphSdl, transports) => {
  const { StockEngine } = await import('./engine/stock-engine.js');
  return StockEngine.start({ supergraphSdl, transports });
};

export { contractSupergraph } from './contract/contract-supergraph.js';
export { taggedAudiences } from './contract/tagged-audiences.js';
export type { Engine } from './engine/engine.js';
export { subgraphsOf } from './engine/plan/join-directives.js';
export {
  type Credentials,
  type DocumentOptions,
  type GatewayLogger,
  type GatewayOptions,
  type OpenedStream,
  type StreamLease,
  type StreamLimits,
  type SupergraphSource,
} from './gateway-options.js';
export type { DevelopmentCredential, GraphiqlOptions, GraphiqlTab } from './graphiql/graphiql-options.js';
export type { CostBudget, CostReport, DemandOptions } from './guard/cost/demand-control.js';
export type { DocumentLimits } from './guard/document-limits.js';
export type { TrustedDocumentMode } from './guard/documents/document-resolver.js';
export { readDocuments } from './guard/documents/read-documents.js';
export { sha256Of, type TrustedDocument } from './guard/documents/trusted-documents.js';
export type { RequestInfo } from './request-info.js';
export type { BrokenOperation } from './generation/generation-builder.js';
export { SupergraphFile, type SupergraphFileOptions } from './generation/supergraph-file.js';
export type { SwapLimits } from './generation/swap-limits.js';
export type { SupergraphStatus, SwapReport } from './generation/swap-report.js';
export type { GatewayRuntime } from './runtime.js';
export type { CircuitState } from './transports/circuit-breaker.js';
export { FetchSharing } from './transports/fetch-sharing.js';
export { composeSupergraph, CompositionError, type ComposedSupergraph, type SubgraphDefinition } from './supergraph.js';
export { HttpTransport, type HttpTransportOptions } from './transports/http-transport.js';
export { InProcessTransport } from './transports/in-process-transport.js';
export type {
  RepresentationForm,
  SubgraphCall,
  SubgraphFetch,
  SubgraphOperation,
  SubgraphResult,
  SubgraphSubscription,
  SubgraphTransport,
} from './transports/subgraph-transport.js';
