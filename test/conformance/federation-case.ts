type Resolvers = Readonly<Record<string, unknown>>;

export interface FederationSubgraph {
  /** Without `@link`, it is of Federation 1. */
  readonly sdl: string;
  readonly resolvers: Resolvers;
}

export interface FederationRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The whole of `data`; absent when a request is refused. */
  readonly data?: unknown;
  /** Paths of the errors, in order; none by default. */
  readonly errorPaths?: readonly (readonly (string | number)[] | undefined)[];
}

/** A small graph that uses one thing of the Federation specification, and what must come out. */
export interface FederationCase {
  readonly name: string;
  readonly subgraphs: Readonly<Record<string, FederationSubgraph>>;
  /** By what a test says: a sentence. */
  readonly requests: Readonly<Record<string, FederationRequest>>;
}

/** The header of a subgraph of Federation 2. */
export function link(...imports: readonly string[]): string {
  const names = imports.map((name) => `"${name}"`).join(', ');
  return `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [${names}])`;
}
