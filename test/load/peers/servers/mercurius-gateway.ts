import { sayReady } from '../../children/servers/serve-raw.js';
import { peerPackage } from './peer-package.js';
import type { Fastify } from './peer-types.js';

/** Mercurius as a gateway, with its just-in-time compiler: `mercurius-gateway.ts NAME=URL…`. */
const { default: fastify } = await peerPackage<Fastify>('fastify');
const { default: plugin } = await peerPackage<{ default: unknown }>('@mercuriusjs/gateway');
const services = process.argv.slice(2).map((pair) => {
  const [name = '', url = ''] = pair.split('=', 2);
  return { name, url, mandatory: true };
});
const server = fastify();
server.register(plugin, { jit: 1, gateway: { services } });
sayReady(`${await server.listen({ host: '127.0.0.1', port: 0 })}/graphql`);
