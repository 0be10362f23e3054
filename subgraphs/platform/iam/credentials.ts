import type { EntityDefinition } from '../../../kernel/database/database.js';
import { systemActor } from '../../../kernel/access/actor.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { type MasterKey, resolveMasterKey } from '../../../kernel/secrets/master-key.js';
import type { CreateCredentialParts, CredentialDependencies } from './credentials-parts.js';
import { credentialEvents } from './domain/credentials/credential-events.js';
import { ClientAuthentication } from './http/client-authentication.js';
import { oauthRoutes } from './http/oauth-routes.js';
import { forgetRevocationsJob } from './jobs/forget-revocations-job.js';
import { rotateSigningKeysJob } from './jobs/rotate-signing-keys-job.js';
import { credentialResolvers } from './schema/credentials/credential-resolvers.js';
import { createSecrets } from './secrets.js';
import { AccountSessionEntity } from './store/credentials/account-session-entity.js';
import { ApiKeyBook } from './store/credentials/api-key-book.js';
import { ApiKeyEntity } from './store/credentials/api-key-entity.js';
import { BearerCredentials, type BearerDependencies } from './store/credentials/bearer-credentials.js';
import { ClientBook } from './store/credentials/client-book.js';
import { MachineTokens } from './store/credentials/machine-tokens.js';
import { OidcTokens } from './store/credentials/oidc-tokens.js';
import { People } from './store/credentials/people.js';
import { RevocationWatch } from './store/credentials/revocation-watch.js';
import { ServiceAccountEntity, ServiceAccountKeyEntity } from './store/credentials/service-account-entity.js';
import { SigningKeyEntity } from './store/credentials/signing-key-entity.js';
import { isRotationDue } from './store/credentials/signing-key-queries.js';
import { SigningKeyRing } from './store/credentials/signing-key-ring.js';
import { SshKeyEntity } from './store/credentials/ssh-key-entity.js';
import { sshPublicKeys } from './store/credentials/ssh-key-queries.js';
import { Touches } from './store/credentials/touches.js';
import { createCredentialCommands, rotationTimes } from './usecases/credentials/credential-commands.js';

export const credentialEntities: readonly EntityDefinition[] = [
  ServiceAccountEntity,
  ServiceAccountKeyEntity,
  ApiKeyEntity,
  SshKeyEntity,
  AccountSessionEntity,
  SigningKeyEntity,
];

/** The issuer of platform tokens, and whom they and the identity provider's tokens are for. */
export function tokenAddresses(kernel: CredentialDependencies['kernel']): { issuer: string; audience: string } {
  const { publicUrl, host, port, oidc } = kernel.configuration;
  const issuer = publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { issuer, audience: oidc.audience ?? `${issuer}/graphql` };
}

/** People's sign-in, sessions, service accounts, keys, tokens and secrets, put together. */
export const createCredentialParts: CreateCredentialParts = (dependencies) => {
  const { kernel, access } = dependencies;
  const { issuer, audience } = tokenAddresses(kernel);
  let masterKey: Promise<MasterKey> | undefined;
  const secrets = createSecrets(() => (masterKey ??= resolveMasterKey(kernel.configuration)));
  const watch = new RevocationWatch(kernel);
  const touches = new Touches(kernel.database, kernel.logger);
  const clients = new ClientBook(kernel.database, watch);
  const apiKeys = new ApiKeyBook(kernel.database, watch);
  const keys = new SigningKeyRing(kernel.database, secrets);
  const machines = new MachineTokens({ issuer, audience, keys, clients, watch });
  const oidc = createOidc(dependencies, audience, watch);
  const credentials = new BearerCredentials({
    access,
    watch,
    apiKeys,
    touches,
    machines,
    oidc,
    platformIssuer: issuer,
  });
  const commands = createCredentialCommands({ ...dependencies, secrets, keys, issuer, audience });
  // The revocation is committed; when this look fails, the next one of the watch hears of it.
  const afterRevocation = async (): Promise<void> => watch.look().catch(() => {});
  const rotateWhenDue = async (): Promise<void> => {
    if (!(await isRotationDue(kernel.database, rotationTimes(kernel.configuration.tokenTtlSeconds)))) return;
    const invocation = { actor: systemActor('iam.rotate_signing_keys'), correlationId: newId('cor') };
    await kernel.pipeline.execute(commands.rotateSigningKeys, {}, invocation);
    await keys.reload();
  };
  const authentication = new ClientAuthentication({
    kernel,
    clients,
    watch,
    audiences: [issuer, `${issuer}/oauth/token`],
  });
  const schema = credentialResolvers({ kernel, access, commands, afterRevocation });
  return {
    resolvers: schema.resolvers,
    references: schema.references,
    commands: commands.all,
    events: credentialEvents,
    jobs: [rotateSigningKeysJob(rotateWhenDue), forgetRevocationsJob(kernel.database)],
    consumers: [],
    routes: (server) =>
      oauthRoutes(server, {
        kernel,
        authentication,
        keys,
        machines,
        touches,
        issuer,
        audience,
        issueToken: commands.issueToken,
        afterRevocation,
      }),
    async start() {
      await watch.start();
      await apiKeys.start();
      touches.start();
      // The first start of all makes the first key; tokens can be minted as soon as requests come.
      await rotateWhenDue();
      await keys.reload();
    },
    async stop() {
      oidc?.tokens.stop();
      await oidc?.people.stop();
      await watch.stop();
      await touches.stop();
    },
    credentials,
    secrets,
    sshPublicKeys,
  };
};

function createOidc(
  { kernel }: CredentialDependencies,
  audience: string,
  watch: RevocationWatch,
): BearerDependencies['oidc'] {
  const { issuer } = kernel.configuration.oidc;
  if (issuer === null) return null;
  const tokens = new OidcTokens({ issuer, audience, logger: kernel.logger });
  return { issuer, tokens, people: new People(kernel, watch, issuer) };
}
