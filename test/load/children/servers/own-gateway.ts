import { readFileSync } from 'node:fs';
import { createLogger } from '../../../../kernel/telemetry/logger.js';
import { createStandAloneGateway } from '../../../../processes/stand-alone/stand-alone-gateway.js';
import { sayReady } from './serve-raw.js';

/** What `npm run gateway` serves: `own-gateway.ts SUPERGRAPH`. */
const { server } = await createStandAloneGateway({
  supergraphSdl: readFileSync(process.argv[2] ?? '', 'utf8'),
  logger: createLogger({ level: 'warn' }),
  masksErrors: false,
  isUnprotected: false,
});
sayReady(`${await server.listen({ host: '127.0.0.1', port: 0 })}/graphql`);
