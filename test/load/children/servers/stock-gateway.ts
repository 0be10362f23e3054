import { readFileSync } from 'node:fs';
import { sayReady } from './serve-raw.js';

/** Apollo's gateway in Apollo's server, as their documentation starts it: `stock-gateway.ts SUPERGRAPH`. */
process.env['APOLLO_TELEMETRY_DISABLED'] = '1';
const { ApolloGateway } = await import('@apollo/gateway');
const { ApolloServer } = await import('@apollo/server');
const { startStandaloneServer } = await import('@apollo/server/standalone');
const gateway = new ApolloGateway({ supergraphSdl: readFileSync(process.argv[2] ?? '', 'utf8') });
const server = new ApolloServer({ gateway, stopOnTerminationSignals: false });
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
sayReady(url);
