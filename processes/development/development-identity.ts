import type { FastifyInstance } from 'fastify';
import type { Configuration } from '../../kernel/configuration/configuration.js';
import type { Logger } from '../../kernel/telemetry/logger.js';
import {
  CLI_CLIENT,
  type SigningKeys,
  createDevelopmentIdentityProvider,
  portalClient,
} from './identity-provider/index.js';
import { PEOPLE } from './people.js';

export const IDENTITY_PATH = '/oidc';
export const DEVELOPMENT_AUDIENCE_PATH = '/graphql';

/** Puts the development identity provider on the gateway's server, unless another issuer is configured. */
export async function mountIdentityProvider(
  server: FastifyInstance,
  configuration: Configuration,
  signingKeys: SigningKeys,
  logger: Logger,
): Promise<void> {
  const { issuer, audience, clientId } = configuration.oidc;
  const origin = configuration.publicUrl;
  if (issuer === null || audience === null || origin === null || issuer !== `${origin}${IDENTITY_PATH}`) return;
  const provider = createDevelopmentIdentityProvider({
    issuer,
    audience,
    users: PEOPLE,
    clients: [portalClient([origin], ['/callback'], clientId), CLI_CLIENT],
    signingKeys,
    environment: configuration.environment,
    logger,
  });
  server.addHook('onRequest', (request, reply, done) => {
    if (!request.url.startsWith(`${IDENTITY_PATH}/`)) return done();
    reply.hijack();
    // The provider says for itself what its pages may do, and how long its keys are kept.
    reply.raw.removeHeader('content-security-policy');
    reply.raw.removeHeader('cache-control');
    provider.handle(request.raw, reply.raw);
    return undefined;
  });
  server.addHook('onClose', () => provider.close());
}
