import type { Configuration } from '../../kernel/configuration/configuration.js';
import { DEVELOPMENT_AUDIENCE_PATH, IDENTITY_PATH } from './development-identity.js';

/** The configuration of an installation in one process: addresses that are not set follow from where it listens. */
export function developmentConfiguration(configuration: Configuration): Configuration {
  const origin = configuration.publicUrl ?? `http://${configuration.host}:${configuration.port}`;
  const { issuer, audience, clientId } = configuration.oidc;
  return {
    ...configuration,
    publicUrl: origin,
    oidc: {
      issuer: issuer ?? `${origin}${IDENTITY_PATH}`,
      audience: audience ?? `${origin}${DEVELOPMENT_AUDIENCE_PATH}`,
      clientId,
    },
    exposesErrors: true,
  };
}
