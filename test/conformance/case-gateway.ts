import { buildSubgraphSchema } from '@apollo/subgraph';
import { type FormattedExecutionResult, parse } from 'graphql';
import { composeSupergraph } from '../../gateway/index.js';
import { type SubgraphServer, startSubgraphServer } from '../../gateway/testing/subgraph-server.js';
import { createLogger } from '../../kernel/telemetry/logger.js';
import { createStandAloneGateway } from '../../processes/stand-alone/stand-alone-gateway.js';
import type { FederationSubgraph } from './federation-case.js';

export interface CaseGateway {
  ask(query: string, variables?: Readonly<Record<string, unknown>>): Promise<FormattedExecutionResult>;
  stop(): Promise<void>;
}

type SubgraphModule = Extract<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>[number];

/** The stand-alone gateway before subgraphs that are served over HTTP. */
export async function startCaseGateway(subgraphs: Readonly<Record<string, FederationSubgraph>>): Promise<CaseGateway> {
  const servers = new Map<string, SubgraphServer>();
  for (const [name, { sdl, resolvers }] of Object.entries(subgraphs)) {
    const subgraphModule = { typeDefs: parse(sdl), resolvers } as SubgraphModule;
    servers.set(name, await startSubgraphServer(buildSubgraphSchema([subgraphModule])));
  }
  const definitions = Object.entries(subgraphs).map(([name, { sdl }]) => ({
    name,
    sdl,
    url: servers.get(name)?.url ?? '',
  }));
  const standAlone = await createStandAloneGateway({
    supergraphSdl: composeSupergraph(definitions).sdl,
    logger: createLogger({ level: 'silent' }),
    masksErrors: false,
    isUnprotected: false,
  });
  const address = await standAlone.server.listen({ host: '127.0.0.1', port: 0 });
  return {
    async ask(query, variables) {
      const response = await fetch(`${address}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as FormattedExecutionResult;
    },
    async stop() {
      await standAlone.close();
      await Promise.all([...servers.values()].map((subgraph) => subgraph.stop()));
    },
  };
}
