export { MULTI_FACTOR, PHISHING_RESISTANT, SINGLE_FACTOR } from './authentication-level.js';
export { BrowserSession } from './browser-session.js';
export {
  createDevelopmentIdentityProvider,
  type DevelopmentIdentityProvider,
} from './create-development-identity-provider.js';
export { CLI_CLIENT, portalClient } from './development-clients.js';
export type {
  DevelopmentClient,
  DevelopmentUser,
  IdentityProviderLogger,
  IdentityProviderOptions,
  SigningKeys,
} from './identity-provider-options.js';
export { signIn, type SignInRequest, type SignInTokens } from './sign-in.js';
export { generateSigningKeys } from './signing-keys.js';
