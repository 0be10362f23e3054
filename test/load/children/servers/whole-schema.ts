import { execute, parse } from 'graphql';
import { type CatalogueRequest, wholeSchema } from '../../graphs/catalogue-graph.js';
import { serveRaw } from './serve-raw.js';

/** The graph without federation, run by graphql-js; documents are parsed once and not validated. */
const schema = wholeSchema();
const documents = new Map<string, ReturnType<typeof parse>>();

serveRaw(async (body) => {
  const { query, variables } = JSON.parse(body) as CatalogueRequest;
  const document = documents.get(query) ?? parse(query, { noLocation: true });
  documents.set(query, document);
  return JSON.stringify(await execute({ schema, document, variableValues: variables, contextValue: {} }));
});
