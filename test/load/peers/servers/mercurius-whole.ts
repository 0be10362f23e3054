import { sayReady } from '../../children/servers/serve-raw.js';
import { WHOLE_SDL } from '../../graphs/catalogue-graph.js';
import { wholeResolvers } from '../../graphs/catalogue-resolvers.js';
import { peerPackage } from './peer-package.js';
import type { Fastify } from './peer-types.js';

/** Mercurius with the graph as one schema, no federation, and its just-in-time compiler. */
const { default: fastify } = await peerPackage<Fastify>('fastify');
const { default: plugin } = await peerPackage<{ default: unknown }>('mercurius');
const server = fastify();
server.register(plugin, { jit: 1, schema: WHOLE_SDL, resolvers: wholeResolvers });
sayReady(`${await server.listen({ host: '127.0.0.1', port: 0 })}/graphql`);
