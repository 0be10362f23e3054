import { createLogger } from '../../kernel/telemetry/logger.js';
import {
  CLI_CLIENT,
  type SigningKeys,
  createDevelopmentIdentityProvider,
  generateSigningKeys,
  signIn,
} from '../../processes/development/identity-provider/index.js';
import { PEOPLE } from '../../processes/development/people.js';
import { freePort } from '../harness/platform.js';

export interface IdentityServer {
  readonly issuer: string;
  /** For tests that sign tokens which the provider would not. */
  readonly signingKeys: SigningKeys;
  /** Authorization code with PKCE; answers the access token. */
  signIn(subject: string): Promise<string>;
  close(): Promise<void>;
}

/** The development identity provider on a server of its own, as an installation's is elsewhere. */
export async function startIdentityServer(audience: string): Promise<IdentityServer> {
  const issuer = `http://127.0.0.1:${await freePort()}/oidc`;
  const signingKeys = generateSigningKeys();
  const provider = createDevelopmentIdentityProvider({
    issuer,
    audience,
    users: PEOPLE,
    clients: [CLI_CLIENT],
    signingKeys,
    environment: 'test',
    logger: createLogger({ level: 'silent' }),
  });
  await provider.listen();
  return {
    issuer,
    signingKeys,
    async signIn(subject) {
      const redirectUri = 'http://127.0.0.1:8400/callback';
      const scope = 'openid email profile';
      return (await signIn({ issuer, clientId: 'cli', redirectUri, subject, scope })).accessToken;
    },
    close: () => provider.close(),
  };
}
