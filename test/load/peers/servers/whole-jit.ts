import { serveRaw } from '../../children/servers/serve-raw.js';
import { type CatalogueRequest, WHOLE_SDL } from '../../graphs/catalogue-graph.js';
import { withWholeResolvers } from '../../graphs/catalogue-resolvers.js';
import { peerPackage } from './peer-package.js';
import type { Graphql, GraphqlJit } from './peer-types.js';

/** The graph without federation, compiled by graphql-jit, behind plain HTTP; documents are not validated. */
const { buildASTSchema, parse } = await peerPackage<Graphql>('graphql');
const { compileQuery } = await peerPackage<GraphqlJit>('graphql-jit');
const schema = withWholeResolvers(buildASTSchema(parse(WHOLE_SDL)));
const compiled = new Map<string, ReturnType<typeof compileQuery>>();

serveRaw(async (body) => {
  const { query, variables } = JSON.parse(body) as CatalogueRequest;
  const run = compiled.get(query) ?? compileQuery(schema, parse(query));
  compiled.set(query, run);
  return JSON.stringify('query' in run ? await run.query(undefined, {}, variables) : run);
});
