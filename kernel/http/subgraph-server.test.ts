import Fastify from 'fastify';
import { GraphQLError, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RequestContext } from '../graphql/request-context.js';
import { createLogger } from '../telemetry/logger.js';
import { serveSubgraph } from './subgraph-server.js';

/** Has what a copy made property by property lacks. */
class PrivateContext {
  readonly #caller: string;
  constructor(caller: string) {
    this.#caller = caller;
  }
  get caller(): string {
    return this.#caller;
  }
}

const caller = {
  type: GraphQLString,
  resolve: (_root: unknown, _args: unknown, context: PrivateContext) => context.caller,
};
const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { caller } }) });
const server = Fastify();
let close: () => Promise<void>;
let origin: string;
beforeAll(async () => {
  const served = await serveSubgraph(server, {
    name: 'test',
    schema,
    logger: createLogger({ level: 'silent' }),
    formatError: (error) => (error as GraphQLError).toJSON(),
    async contextFrom(headers) {
      if (headers['x-actor'] === undefined) throw new GraphQLError('who?', { extensions: { code: 'TOKEN_INVALID' } });
      return new PrivateContext(headers['x-actor']) as unknown as RequestContext;
    },
  });
  close = () => served.close();
  origin = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await close();
  await server.close();
});

async function ask(headers: Record<string, string>): Promise<unknown> {
  const body = JSON.stringify({ query: '{ caller }' });
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
  return (await fetch(`${origin}/graphql`, init)).json();
}

it('gives resolvers the very context of the request, with its private fields', async () => {
  expect(await ask({ 'x-actor': 'ada' })).toEqual({ data: { caller: 'ada' } });
});

it('runs nothing when the caller cannot be told', async () => {
  expect(await ask({})).toMatchObject({ errors: [{ extensions: { code: 'TOKEN_INVALID' } }] });
});
