import pino, { type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

/** Names whose values never reach a log, at the top level or one level down. */
const SECRET_NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'clientSecret',
  'client_secret',
  'token',
  'accessToken',
  'access_token',
  'refreshToken',
  'refresh_token',
  'idToken',
  'id_token',
  'apiKey',
  'api_key',
  'privateKey',
  'private_key',
  'masterKey',
  'code_verifier',
  'client_assertion',
  'setCookie',
  'set-cookie',
  'x-api-key',
];

/** Structured logs on standard output, one JSON object a line, with credentials redacted by name. */
export function createLogger(options: { level: string; name?: string; destination?: pino.DestinationStream }): Logger {
  const paths = SECRET_NAMES.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { component: options.name ?? 'control-plane' },
    redact: { paths, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
