import type { RequestListener } from 'node:http';
import type * as graphql from 'graphql';
import type { CatalogueRequest } from '../../graphs/catalogue-graph.js';

/** What is used of packages that are no dependencies of ours. */
export type Graphql = typeof graphql;

export interface Fastify {
  readonly default: () => {
    register(plugin: unknown, options: object): unknown;
    listen(where: { host: string; port: number }): Promise<string>;
  };
}

export interface GraphqlJit {
  readonly compileQuery: (
    schema: graphql.GraphQLSchema,
    document: graphql.DocumentNode,
  ) =>
    | { query(root: unknown, context: unknown, variables: CatalogueRequest['variables']): unknown }
    | graphql.ExecutionResult;
}

export interface HiveGateway {
  readonly createGatewayRuntime: (options: object) => RequestListener;
}
