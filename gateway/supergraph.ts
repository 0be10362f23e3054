import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { conflictingAccess } from './guard/access-directive.js';

export interface SubgraphDefinition {
  readonly name: string;
  readonly sdl: string;
  /** Where the subgraph is served, if it is served over HTTP. */
  readonly url?: string;
}

export interface ComposedSupergraph {
  readonly sdl: string;
  /** Service URL by subgraph name; empty for a subgraph without one. */
  readonly urls: ReadonlyMap<string, string>;
  /** What composition has to say of subgraphs that fit together: `CODE coordinate: message`. */
  readonly hints?: readonly string[];
}

/** The subgraphs do not fit together; `faults` says all reasons at once. */
export class CompositionError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the subgraphs do not compose:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.name = 'CompositionError';
    this.faults = faults;
  }
}

/** Composes subgraphs by the Federation specification. Throws {@link CompositionError}. Takes a good part of a second. */
export function composeSupergraph(subgraphs: readonly SubgraphDefinition[]): ComposedSupergraph {
  const services = subgraphs.map(({ name, sdl, url = '' }) => ({ name, url, typeDefs: parse(sdl) }));
  const conflicts = conflictingAccess(services.map(({ name, typeDefs }) => ({ name, schema: typeDefs })));
  if (conflicts.length > 0) throw new CompositionError(conflicts);
  const result = composeServices(services);
  if (result.errors) throw new CompositionError(result.errors.map(({ message }) => message));
  return {
    sdl: result.supergraphSdl,
    urls: new Map(subgraphs.map(({ name, url = '' }) => [name, url])),
    hints: result.hints.map(
      ({ definition, coordinate, message }) => `${definition.code} ${coordinate ?? ''}: ${message}`,
    ),
  };
}
