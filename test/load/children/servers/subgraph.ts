import { graphql } from 'graphql';
import {
  CATALOGUE_SDL,
  type CatalogueRequest,
  type CatalogueService,
  catalogueSchema,
} from '../../graphs/catalogue-graph.js';
import { serveRaw } from './serve-raw.js';

/**
 * One subgraph of the catalogue: `subgraph.ts NAME`. A request or an entity that it was asked for before gets the same
 * bytes again, so that what it costs is HTTP, and the gateway before it is what is measured.
 */
const KNOWN_MAX = 1_000;
const name = process.argv[2] as CatalogueService;
const schema = catalogueSchema(name);
/** As it was written: the printed one says `@extends` for `extend`, which Mercurius does not know. */
const ownSdl = JSON.stringify({ data: { _service: { sdl: CATALOGUE_SDL[name] } } });
const known = new Map<string, Buffer>();
/** Answers to one representation each, by the query. */
const knownEntities = new Map<string, Map<string, string>>();

serveRaw(async (body) => {
  if (body.includes('_service')) return ownSdl;
  const answered = known.get(body);
  if (answered !== undefined) return answered;
  const answer = Buffer.from(await answerTo(JSON.parse(body) as CatalogueRequest));
  if (known.size < KNOWN_MAX) known.set(body, answer);
  return answer;
});

async function answerTo({ query, variables }: CatalogueRequest): Promise<string> {
  const { representations } = variables;
  if (Array.isArray(representations)) {
    const entities = await Promise.all(representations.map(async (one) => entityText(query, one as object)));
    if (!entities.includes('')) return `{"data":{"_entities":[${entities.join(',')}]}}`;
  }
  return JSON.stringify(await graphql({ schema, source: query, variableValues: variables }));
}

/** Empty if the operation asks for more than the entity. */
async function entityText(query: string, representation: object): Promise<string> {
  let texts = knownEntities.get(query);
  if (texts === undefined) knownEntities.set(query, (texts = new Map()));
  const asked = JSON.stringify(representation);
  const knownText = texts.get(asked);
  if (knownText !== undefined) return knownText;
  const variableValues = { representations: [representation] };
  const { data } = await graphql({ schema, source: query, variableValues });
  const entities = data?.['_entities'];
  const text = Array.isArray(entities) ? JSON.stringify(entities[0]) : '';
  texts.set(asked, text);
  return text;
}
