import { graphql } from 'graphql';
import { type CatalogueRequest, wholeSchema } from '../../graphs/catalogue-graph.js';
import { serveRaw } from './serve-raw.js';

/** The least that an HTTP server in Node.js costs: the same request and the same response, and nothing between. */
const schema = wholeSchema();
const answers = new Map<string, Buffer>();

serveRaw(async (body) => {
  const answered = answers.get(body);
  if (answered !== undefined) return answered;
  const { query, variables } = JSON.parse(body) as CatalogueRequest;
  const answer = Buffer.from(JSON.stringify(await graphql({ schema, source: query, variableValues: variables })));
  answers.set(body, answer);
  return answer;
});
