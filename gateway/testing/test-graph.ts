import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLSchema } from 'graphql';
import { composeSupergraph } from '../supergraph.js';

// oxlint-disable-next-line typescript/no-explicit-any -- @apollo/subgraph types resolver maps loosely
export type ResolverMap = any;

/** A federated graph to test the gateway with: what its subgraphs look like, and what they answer, always the same. */
export interface TestGraph<Service extends string = string> {
  readonly name: string;
  readonly sdl: Readonly<Record<Service, string>>;
  readonly resolvers: () => Readonly<Record<Service, ResolverMap>>;
  /** Interfaces that some subgraph knows as `@interfaceObject`. */
  readonly interfaceObjects: readonly string[];
  /** What arguments of type ID may be. */
  readonly ids: readonly string[];
  /** How deep random operations go, for the planner's sake. */
  readonly depth: number;
}

export function supergraphSdlOf({ sdl }: TestGraph): string {
  const subgraphs = Object.entries(sdl).map(([name, text]) => ({
    name,
    sdl: text,
    url: `http://${name}.test/graphql`,
  }));
  return composeSupergraph(subgraphs).sdl;
}

export function schemasOf({ sdl, resolvers }: TestGraph): Map<string, GraphQLSchema> {
  const all = resolvers();
  return new Map(
    Object.entries(sdl).map(([name, text]) => [
      name,
      buildSubgraphSchema([{ typeDefs: parse(text), resolvers: all[name] }]),
    ]),
  );
}
