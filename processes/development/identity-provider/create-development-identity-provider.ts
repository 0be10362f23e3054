import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Context, Provider } from 'oidc-provider';
import type { IdentityProviderLogger, IdentityProviderOptions } from './identity-provider-options.js';
import { MemoryStore } from './memory-store.js';
import { createProviderConfiguration } from './provider-configuration.js';
import { handleSignIn } from './sign-in-interaction.js';

export interface DevelopmentIdentityProvider {
  readonly issuer: string;
  readonly jwksUri: string;
  /** A node HTTP callback for every request under the issuer's path; `request.url` is the full path. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Serves alone. Default: the issuer's port, on loopback. Resolves to the port. */
  listen(port?: number, host?: string): Promise<number>;
  /** Stops the own server, if any, and forgets every session. */
  close(): Promise<void>;
}

const INTERACTION_PATH = /^\/interaction\/[\w-]+\/?$/;

/**
 * An OpenID Connect provider for development, tests and demonstrations: authorization code with PKCE S256, rotating
 * refresh tokens, RFC 9068 access tokens. State is in memory; only the signing keys outlive the process, if injected.
 * Throws when the environment is production, or when the issuer is not a plain URL.
 */
export function createDevelopmentIdentityProvider(options: IdentityProviderOptions): DevelopmentIdentityProvider {
  const issuer = parseIssuer(options);
  const store = new MemoryStore();
  const provider = new Provider(options.issuer, createProviderConfiguration(options, store));
  provider.proxy = true;
  report(provider, options.logger);
  const handle = createHandler(provider, issuer, options);
  let server: Server | undefined;
  return {
    issuer: options.issuer,
    jwksUri: `${options.issuer}/jwks`,
    handle,
    async listen(port = Number(issuer.port), host = '127.0.0.1') {
      server ??= await startServer(handle, port, host);
      return (server.address() as AddressInfo).port;
    },
    async close() {
      await stopServer(server);
      server = undefined;
      store.clear();
    },
  };
}

function parseIssuer(options: IdentityProviderOptions): URL {
  if (options.environment === 'production') {
    throw new Error(
      'The development identity provider refuses to start: the environment is "production", and it signs anyone in ' +
        'with one click. Configure the issuer of a real OpenID Connect provider instead.',
    );
  }
  const issuer = new URL(options.issuer);
  if (options.issuer.endsWith('/') || issuer.search !== '' || issuer.hash !== '') {
    throw new Error(`The issuer "${options.issuer}" must not end with a slash, nor have a query or a fragment.`);
  }
  return issuer;
}

function createHandler(
  provider: Provider,
  issuer: URL,
  options: IdentityProviderOptions,
): DevelopmentIdentityProvider['handle'] {
  const prefix = issuer.pathname === '/' ? '' : issuer.pathname;
  const respond = provider.callback();
  const signIn = { provider, users: options.users, logger: options.logger };
  return (request, response) => {
    const url = request.url ?? '/';
    if (!url.startsWith(prefix) || !/^[/?]|^$/.test(url.slice(prefix.length))) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end(`The identity provider is at ${options.issuer}\n`);
      return;
    }
    // Express' convention for a mounted application; oidc-provider reads the prefix off the difference.
    Object.assign(request, { originalUrl: url, url: url.slice(prefix.length) || '/' });
    // Addresses follow the issuer, whatever Host the request came with.
    request.headers['x-forwarded-host'] = issuer.host;
    request.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1);
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const answer = INTERACTION_PATH.test(path) ? handleSignIn(signIn, request, response) : respond(request, response);
    answer.catch((error: unknown) => fail(response, error, options.logger));
  };
}

function fail(response: ServerResponse, error: unknown, logger: IdentityProviderLogger | undefined): void {
  logger?.error({ err: error }, 'development identity provider failed');
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'content-type': 'text/plain' }).end('The identity provider failed; see its log.\n');
}

/** Refusals and faults go to the injected log; koa would print faults on the console if nobody listened. */
function report(provider: Provider, logger: IdentityProviderLogger | undefined): void {
  const warn = (context: Context, error: Error): void =>
    logger?.warn({ err: error, clientId: context.oidc.client?.clientId }, 'development identity provider refused');
  for (const event of [
    'authorization.error',
    'grant.error',
    'end_session.error',
    'revocation.error',
    'discovery.error',
  ]) {
    provider.on(event, warn);
  }
  provider.on('server_error', (_context: Context, error: Error) =>
    logger?.error({ err: error }, 'development identity provider failed'),
  );
  provider.on('error', (error: Error) => logger?.error({ err: error }, 'development identity provider failed'));
}

async function startServer(handle: DevelopmentIdentityProvider['handle'], port: number, host: string): Promise<Server> {
  const server = createServer(handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return server;
}

async function stopServer(server: Server | undefined): Promise<void> {
  if (server === undefined) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  await closed;
}
