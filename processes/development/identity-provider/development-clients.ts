import type { DevelopmentClient } from './identity-provider-options.js';

/** The command line client: any free port of the loopback interface, path `/callback` (RFC 8252, 7.3). */
export const CLI_CLIENT: DevelopmentClient = {
  clientId: 'cli',
  name: 'Command line',
  kind: 'native',
  redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
};

/** The single-page client of the portal and GraphiQL: each origin (`http://127.0.0.1:4000`) with each path (`/callback`). */
export function portalClient(
  origins: readonly string[],
  redirectPaths: readonly string[],
  clientId = 'console',
): DevelopmentClient {
  return {
    clientId,
    name: 'Console',
    kind: 'browser',
    redirectUris: origins.flatMap((origin) => redirectPaths.map((path) => new URL(path, origin).href)),
    postLogoutRedirectUris: origins.map((origin) => new URL('/', origin).href),
  };
}
