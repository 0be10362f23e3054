import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sayReady } from '../../children/servers/serve-raw.js';
import { peerPackage } from './peer-package.js';
import type { HiveGateway } from './peer-types.js';

/** Hive Gateway on Node.js, as its documentation embeds it: `hive-gateway.ts SUPERGRAPH`. */
const { createGatewayRuntime } = await peerPackage<HiveGateway>('@graphql-hive/gateway');
const supergraph = readFileSync(process.argv[2] ?? '', 'utf8');
const server = createServer(createGatewayRuntime({ supergraph, logging: false }));
server.listen(0, '127.0.0.1', () => sayReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`));
