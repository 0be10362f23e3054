import './node-version.js';
import { readFile } from 'node:fs/promises';
import { PlatformError } from '../kernel/errors/platform-error.js';
import { createLogger } from '../kernel/telemetry/logger.js';
import { type GatewayArguments, gatewayArguments } from './stand-alone/gateway-arguments.js';
import { createStandAloneGateway } from './stand-alone/stand-alone-gateway.js';
import { onTermination } from './termination.js';

/** Runs the gateway alone, as `npm run gateway`. */
async function run({ supergraphFile, port, host, ...options }: GatewayArguments): Promise<void> {
  const logger = createLogger({ level: 'warn', name: 'gateway' });
  const supergraphSdl = await textOf(supergraphFile);
  const standAlone = await createStandAloneGateway({ ...options, supergraphSdl, supergraphFile, logger });
  onTermination(() => standAlone.close(), logger);
  process.stdout.write(`ready ${await listen(standAlone.server, host, port)}/graphql\n`);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw refused(`--supergraph: cannot read ${file}: ${reasonOf(error)}`);
  }
}

async function listen(
  server: { listen(where: { host: string; port: number }): Promise<string> },
  host: string,
  port: number,
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    throw refused(`cannot listen on ${host}, port ${port}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? message;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'it is not permitted',
  EADDRINUSE: 'it is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

function refused(reason: string): PlatformError {
  return new PlatformError('BAD_USER_INPUT', reason);
}

try {
  await run(gatewayArguments(process.argv.slice(2)));
} catch (error) {
  const isForeseen = error instanceof PlatformError;
  const [firstLine] = isForeseen ? error.message.split('\n') : [];
  process.stderr.write(`${firstLine ?? (error as Error).stack}\n`);
  process.exit(isForeseen ? 2 : 1);
}
