import type { ReferenceResolver } from '../../../../../kernel/federation/federated-schema.js';
import type { Kernel } from '../../../../../kernel/kernel.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import type { CredentialCommands } from '../../usecases/credentials/credential-commands.js';
import { ApiKeyResolver, resolveApiKey } from './api-key-resolver.js';
import { CredentialEventResolver } from './credential-events-resolver.js';
import {
  ProjectServiceAccountResolver,
  ServiceAccountKeyResolver,
  ServiceAccountResolver,
  resolveServiceAccount,
  resolveServiceAccountKey,
} from './service-account-resolver.js';
import { SessionResolver, UserSessionResolver } from './session-resolver.js';
import { SshKeyResolver, UserSshKeyResolver, resolveSshKey } from './ssh-key-resolver.js';

export interface CredentialResolverDependencies {
  readonly kernel: Kernel;
  readonly access: PrincipalAccess;
  readonly commands: CredentialCommands;
  /** Makes this process hear of a revocation before the mutation answers. */
  readonly afterRevocation: () => Promise<void>;
}

/** The GraphQL side of credentials. */
export function credentialResolvers(dependencies: CredentialResolverDependencies): {
  resolvers: readonly object[];
  references: Readonly<Record<string, ReferenceResolver>>;
} {
  const { database } = dependencies.kernel;
  const sessions = new SessionResolver({ ...dependencies, database });
  return {
    resolvers: [
      new ServiceAccountResolver(dependencies),
      new ServiceAccountKeyResolver(),
      new ProjectServiceAccountResolver(),
      new ApiKeyResolver(dependencies),
      new SshKeyResolver(),
      new UserSshKeyResolver(),
      sessions,
      new UserSessionResolver({ database }),
      new CredentialEventResolver(),
    ],
    references: {
      ServiceAccount: resolveServiceAccount,
      ServiceAccountKey: resolveServiceAccountKey,
      ApiKey: resolveApiKey,
      SshKey: resolveSshKey,
      Session: (reference, context) => sessions.resolve(reference, context),
    },
  };
}
