import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SubgraphDefinition } from '../gateway/index.js';
import { projectPath } from '../kernel/project-path.js';

const HEADER = '# Composed of the subgraphs with the SHA-256 ';

/** Notes on a supergraph what it was composed of, so that it is known whether it still is what the code makes. */
export function withSubgraphsHash(supergraphSdl: string, subgraphs: readonly SubgraphDefinition[]): string {
  return `${HEADER}${hashOf(subgraphs)}\n${supergraphSdl}`;
}

/** The committed supergraph, if it was composed of exactly these subgraphs: composing them takes about a second. */
export async function committedSupergraph(subgraphs: readonly SubgraphDefinition[]): Promise<string | undefined> {
  const text = await readFile(projectPath('schema', 'supergraph.graphql'), 'utf8').catch(() => '');
  return text.startsWith(`${HEADER}${hashOf(subgraphs)}\n`) ? text : undefined;
}

/** Of names and texts: where the subgraphs are served is not part of the supergraph. */
function hashOf(subgraphs: readonly SubgraphDefinition[]): string {
  const texts = subgraphs
    .map(({ name, sdl }) => [name, sdl])
    .sort(([left = ''], [right = '']) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
