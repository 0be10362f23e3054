import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { PlatformError } from '../kernel/errors/platform-error.js';
import type { FederatedSchema } from '../kernel/federation/federated-schema.js';
import { isTypeId, prefixOf } from '../kernel/identifiers/type-id.js';

const NODE_TYPE = /type (\w+) implements [^{@]*\bNode\b[^{]*@key\(fields: "id"\)/g;

/**
 * `node(id)` and `nodes(ids)` of the Relay specification, for every type of the graph that is a `Node` with the key
 * `id`: made from the subgraphs' SDL, so that no domain knows of it. The type follows from the identifier's prefix;
 * whether the entity exists, its owner says when a field of it is asked for.
 */
export function nodeSubgraph(
  prefixes: ReadonlyMap<string, string>,
  schemas: Iterable<{ sdl: string }>,
): FederatedSchema {
  const types = new Set<string>();
  for (const { sdl } of schemas) for (const match of sdl.matchAll(NODE_TYPE)) types.add(match[1] ?? '');
  const stubs = [...types]
    .sort()
    .map((type) => `type ${type} implements Node @key(fields: "id", resolvable: false) { id: ID! }`);
  const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@listSize", "@tag"])
"""An object with a globally unique identifier (Relay object identification)."""
interface Node @tag(name: "public") {
  """A TypeID: a prefix that tells the type, and a UUIDv7."""
  id: ID!
}
type Query {
  """Any object of the graph by its identifier. Null when the identifier is of no known type."""
  node("The identifier." id: ID!): Node @tag(name: "public")
  """Several objects at once, in the order asked; at most 100."""
  nodes("The identifiers, at most 100." ids: [ID!]!): [Node]! @listSize(assumedSize: 100) @tag(name: "public")
}
${stubs.join('\n')}
`;
  const find = (id: string): { __typename: string; id: string } | null => {
    const type = prefixes.get(prefixOf(id) ?? '');
    return type !== undefined && types.has(type) && isTypeId(id) ? { __typename: type, id } : null;
  };
  const resolvers = {
    Node: { __resolveType: (node: { __typename: string }) => node.__typename },
    Query: {
      node: (_root: unknown, { id }: { id: string }) => find(id),
      nodes: (_root: unknown, { ids }: { ids: string[] }) => {
        if (ids.length > 100)
          throw new PlatformError('BAD_USER_INPUT', '"ids" must name at most 100 objects', { field: ['ids'] });
        return ids.map(find);
      },
    },
  };
  return { sdl, schema: buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]) };
}
