import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE_SERVICES, type CatalogueService, catalogueSupergraph } from '../graphs/catalogue-graph.js';
import { ServerProcess } from './server-process.js';

const SERVERS = 'test/load/children/servers';

export type ServerName =
  | 'own-gateway'
  | 'own-in-process'
  | 'stock-gateway'
  | 'bare-requests'
  | 'whole-schema'
  | 'same-bytes';

/** The subgraphs of the catalogue, a process each, and the servers before them. */
export class CatalogueServers {
  readonly supergraphFile: string;
  readonly subgraphs: ReadonlyMap<CatalogueService, ServerProcess>;
  readonly #started: ServerProcess[];

  private constructor(subgraphs: ReadonlyMap<CatalogueService, ServerProcess>, supergraphFile: string) {
    this.subgraphs = subgraphs;
    this.supergraphFile = supergraphFile;
    this.#started = [...subgraphs.values()];
  }

  static async start(directory: string): Promise<CatalogueServers> {
    const subgraphs = new Map<CatalogueService, ServerProcess>();
    for (const name of CATALOGUE_SERVICES)
      subgraphs.set(name, await ServerProcess.start(`${SERVERS}/subgraph.ts`, [name]));
    const supergraphFile = join(directory, 'supergraph.graphql');
    writeFileSync(
      supergraphFile,
      catalogueSupergraph((name) => subgraphs.get(name)?.url ?? ''),
    );
    return new CatalogueServers(subgraphs, supergraphFile);
  }

  async startServer(name: ServerName): Promise<ServerProcess> {
    return this.startCommand(
      `${SERVERS}/${name}.ts`,
      name === 'bare-requests' ? this.namedUrls() : [this.supergraphFile],
    );
  }

  async startCommand(
    command: string,
    args: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<ServerProcess> {
    const server = await ServerProcess.start(command, args, environment);
    this.#started.push(server);
    return server;
  }

  /** `name=URL` of each subgraph. */
  namedUrls(): string[] {
    return [...this.subgraphs].map(([name, { url }]) => `${name}=${url}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((server) => server.stop()));
  }
}
