import { graphql } from 'graphql';
import {
  CATALOGUE_SDL,
  type CatalogueRequest,
  type CatalogueService,
  catalogueSchema,
} from '../../graphs/catalogue-graph.js';
import { serveRaw } from './serve-raw.js';

/**
 * One subgraph of the catalogue: `subgraph.ts NAME`. A request that it saw before gets the same bytes again, so that
 * what it costs is HTTP, and the gateway before it is what is measured.
 */
const KNOWN_MAX = 1_000;
const name = process.argv[2] as CatalogueService;
const schema = catalogueSchema(name);
/** As it was written: the printed one says `@extends` for `extend`, which Mercurius does not know. */
const ownSdl = JSON.stringify({ data: { _service: { sdl: CATALOGUE_SDL[name] } } });
const known = new Map<string, Buffer>();

serveRaw(async (body) => {
  if (body.includes('_service')) return ownSdl;
  const answered = known.get(body);
  if (answered !== undefined) return answered;
  const { query, variables } = JSON.parse(body) as CatalogueRequest;
  const answer = Buffer.from(JSON.stringify(await graphql({ schema, source: query, variableValues: variables })));
  if (known.size < KNOWN_MAX) known.set(body, answer);
  return answer;
});
