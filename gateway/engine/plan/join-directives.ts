import { Kind, type ConstDirectiveNode, type DocumentNode, type TypeNode } from 'graphql';

// How a supergraph says what is in which subgraph: https://specs.apollo.dev/join/v0.3/

/** `@join__field(graph: …, external: true)` (https://specs.apollo.dev/join/v0.3/#@join__field). */
export function isExternal(directive: ConstDirectiveNode): boolean {
  return directive.name.value === 'join__field' && booleanArgument(directive, 'external') === true;
}

/** A subgraph, as `enum join__Graph { ACCOUNTS @join__graph(name: "accounts", url: "…") }` names it. */
interface JoinedGraph {
  /** How other directives of the supergraph name it. */
  readonly value: string;
  readonly name: string;
  /** Empty if the supergraph has none for it. */
  readonly url: string;
}

function joinedGraphs(supergraph: DocumentNode): JoinedGraph[] {
  return supergraph.definitions
    .flatMap((definition) =>
      definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph'
        ? (definition.values ?? [])
        : [],
    )
    .flatMap(({ name, directives = [] }) =>
      directives
        .filter((directive) => directive.name.value === 'join__graph')
        .map((directive) => ({
          value: name.value,
          name: textArgument(directive, 'name') ?? '',
          url: textArgument(directive, 'url') ?? '',
        })),
    );
}

/** Name of the service by value of `join__Graph`. */
export function serviceNames(supergraph: DocumentNode): Map<string, string> {
  return new Map(joinedGraphs(supergraph).map(({ value, name }) => [value, name]));
}

/** URL of each subgraph by its name. */
export function subgraphsOf(supergraph: DocumentNode): Map<string, string> {
  return new Map(joinedGraphs(supergraph).map(({ name, url }) => [name, url]));
}

export function textArgument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

export function booleanArgument(directive: ConstDirectiveNode, name: string): boolean | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.BOOLEAN ? value.value : undefined;
}

export function enumArgument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.ENUM ? value.value : undefined;
}

export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
