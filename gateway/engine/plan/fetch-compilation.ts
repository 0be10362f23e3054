import type { FieldNode, GraphQLSchema } from 'graphql';
import type { SubgraphTransport } from '../../transports/subgraph-transport.js';
import type { IsObjectTypeName } from '../merge.js';

/** What compiling fetches needs to know of the supergraph. */
export interface FetchCompilation {
  /** The whole supergraph, with inaccessible and internal types. */
  readonly schema: GraphQLSchema;
  readonly isObjectTypeName: IsObjectTypeName;
  readonly transportOf: (service: string) => SubgraphTransport;
  /** Of the plan: the selections of `__typename` that are for this engine alone (see `SubgraphOperation`). */
  readonly hiddenTypeNames: ReadonlySet<FieldNode>;
}
