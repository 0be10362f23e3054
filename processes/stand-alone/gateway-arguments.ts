import { parseArgs } from 'node:util';
import { PlatformError } from '../../kernel/errors/platform-error.js';

export interface GatewayArguments {
  readonly supergraphFile: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Messages of unexpected errors stay inside. */
  readonly masksErrors: boolean;
  /** Serves what `@authenticated`, `@requiresScopes` and `@policy` protect to everybody. */
  readonly isUnprotected: boolean;
}

export const GATEWAY_USAGE = `usage: npm run gateway -- --supergraph FILE [--port 4000] [--host 127.0.0.1] [--mask-errors] [--unprotected]`;

/** Reads the command line. Throws `BAD_USER_INPUT` with a sentence for whoever typed it. */
export function gatewayArguments(commandLine: readonly string[]): GatewayArguments {
  const { supergraph, port, host, ...flags } = parse(commandLine);
  if (supergraph === undefined || supergraph === '') throw badUsage('--supergraph is missing');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw badUsage(`--port: "${port}" is no port`);
  return {
    supergraphFile: supergraph,
    port: Number(port),
    host,
    masksErrors: flags['mask-errors'],
    isUnprotected: flags.unprotected,
  };
}

function parse(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      options: {
        supergraph: { type: 'string' },
        port: { type: 'string', default: '4000' },
        host: { type: 'string', default: '127.0.0.1' },
        'mask-errors': { type: 'boolean', default: false },
        unprotected: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw badUsage((error as Error).message);
  }
}

function badUsage(reason: string): PlatformError {
  return new PlatformError('BAD_USER_INPUT', `${reason}. ${GATEWAY_USAGE}`);
}
