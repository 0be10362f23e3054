import { readFile } from 'node:fs/promises';
import type { SupergraphSource } from '../gateway/index.js';
import { ConfigurationError, type Configuration } from '../kernel/configuration/configuration.js';
import { committedSupergraph } from '../schema/committed-supergraph.js';

/** What the gateway starts with: the configured file, or the committed supergraph, or what the code's subgraphs compose to. */
export async function supergraphInForce(
  { supergraphFile }: Configuration,
  schemas: ReadonlyMap<string, { readonly sdl: string }>,
): Promise<SupergraphSource> {
  if (supergraphFile !== null) return { sdl: await textOf(supergraphFile) };
  const subgraphs = [...schemas].map(([name, { sdl }]) => ({ name, sdl }));
  const sdl = await committedSupergraph(subgraphs);
  return sdl === undefined ? { subgraphs } : { sdl };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError([`CP_SUPERGRAPH_FILE: ${(error as Error).message}`]);
  }
}
