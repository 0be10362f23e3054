import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createDevelopmentIdentityProvider,
  type DevelopmentIdentityProvider,
} from './create-development-identity-provider.js';
import { CLI_CLIENT, portalClient } from './development-clients.js';
import type { IdentityProviderOptions } from './identity-provider-options.js';

export const AUDIENCE = 'https://api.gpu-control-plane.test/graphql';
export const CONSOLE_ORIGIN = 'http://127.0.0.1:4999';
export const CONSOLE_REDIRECT = `${CONSOLE_ORIGIN}/callback`;

export interface TestProvider extends DevelopmentIdentityProvider, AsyncDisposable {}

/** A provider under `/oidc` on a free port of its own, with four people; disposed with the test. */
export async function startTestProvider(overrides: Partial<IdentityProviderOptions> = {}): Promise<TestProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const provider = createDevelopmentIdentityProvider({
    issuer: `http://127.0.0.1:${port}/oidc`,
    audience: AUDIENCE,
    users: [
      { subject: 'ada', email: 'ada@example.test', name: 'Ada Lovelace' },
      { subject: 'grace', email: 'grace@example.test', name: 'Grace Hopper', acr: 'phr' },
      { subject: 'alan', email: 'alan@example.test', name: 'Alan <Turing>', password: 'enigma' },
      { subject: 'emmy', email: 'emmy@example.test', name: 'Emmy Noether', hasSecondFactor: false },
    ],
    clients: [portalClient([CONSOLE_ORIGIN], ['/callback']), CLI_CLIENT],
    ...overrides,
  });
  server.on('request', provider.handle);
  const close = async (): Promise<void> => {
    await provider.close();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  return { ...provider, close, [Symbol.asyncDispose]: close };
}
