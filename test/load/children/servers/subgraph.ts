import { graphql } from 'graphql';
import {
  CATALOGUE_SDL,
  type CatalogueRequest,
  type CatalogueService,
  catalogueSchema,
} from '../../graphs/catalogue-graph.js';
import { type RootField, rootFieldsOf } from './root-fields.js';
import { serveRaw } from './serve-raw.js';

/**
 * One subgraph of the catalogue: `subgraph.ts NAME`. A request, a root field or an entity that it was asked for before
 * gets the same bytes again, so that what it costs is HTTP, and the gateway before it is what is measured.
 */
const KNOWN_MAX = 1_000;
const name = process.argv[2] as CatalogueService;
const schema = catalogueSchema(name);
/** As it was written: the printed one says `@extends` for `extend`, which Mercurius does not know. */
const ownSdl = JSON.stringify({ data: { _service: { sdl: CATALOGUE_SDL[name] } } });
const known = new Map<string, Buffer>();
const knownFields = new Map<string, readonly RootField[]>();
/** By the query of one root field: the text of its answer, by the values of its variables. */
const knownTexts = new Map<string, Map<string, string>>();

serveRaw(async (body) => {
  if (body.includes('_service')) return ownSdl;
  const answered = known.get(body);
  if (answered !== undefined) return answered;
  const answer = Buffer.from(await answerTo(JSON.parse(body) as CatalogueRequest));
  if (known.size < KNOWN_MAX) known.set(body, answer);
  return answer;
});

async function answerTo({ query, variables }: CatalogueRequest): Promise<string> {
  let fields = knownFields.get(query);
  if (fields === undefined) knownFields.set(query, (fields = rootFieldsOf(query)));
  const texts = await Promise.all(fields.map(async (field) => fieldText(field, variables)));
  return `{"data":{${texts.join(',')}}}`;
}

async function fieldText(field: RootField, variables: CatalogueRequest['variables']): Promise<string> {
  const values = field.variables.map((variable) => variables[variable]);
  const [representations] = values;
  if (field.name !== '_entities' || !Array.isArray(representations))
    return `"${field.responseName}":${await valueText(field, values)}`;
  const entities = await Promise.all(representations.map(async (one: unknown) => valueText(field, [[one]])));
  // Each is a list of one.
  return `"${field.responseName}":[${entities.map((list) => list.slice(1, -1)).join(',')}]`;
}

async function valueText({ query }: RootField, values: readonly unknown[]): Promise<string> {
  let texts = knownTexts.get(query);
  if (texts === undefined) knownTexts.set(query, (texts = new Map()));
  const asked = JSON.stringify(values);
  const knownText = texts.get(asked);
  if (knownText !== undefined) return knownText;
  const variableValues = Object.fromEntries(values.map((value, index) => [`v${index}`, value]));
  const { data, errors } = await graphql({ schema, source: query, variableValues });
  if (errors) throw errors[0];
  const text = JSON.stringify(data?.['value']);
  texts.set(asked, text);
  return text;
}
