import type { Command } from '../../../../../kernel/commands/command.js';
import type { Secrets } from '../../contract.js';
import type { CredentialDependencies } from '../../credentials-parts.js';
import type { RotationTimes } from '../../domain/credentials/signing-key-rotation.js';
import type { SigningKeyRing } from '../../store/credentials/signing-key-ring.js';
import { addOwnSshKey, addSshKey } from './add-ssh-key.js';
import { createChangeServiceAccountState } from './change-service-account-state.js';
import { createCreateApiKey } from './create-api-key.js';
import { createServiceAccountKey } from './create-service-account-key.js';
import { createCreateServiceAccount } from './create-service-account.js';
import { createIssueToken } from './issue-token.js';
import { registerUser } from './register-user.js';
import { removeOwnSshKey, removeSshKey } from './remove-ssh-key.js';
import { revokeApiKey, revokeOwnApiKey } from './revoke-api-key.js';
import { revokeServiceAccountKey } from './revoke-service-account-key.js';
import { revokeOwnSession, revokeSession } from './revoke-session.js';
import { revokeToken } from './revoke-token.js';
import { createRotateSigningKeys } from './rotate-signing-keys.js';
import { startSession } from './start-session.js';

const DAY_SECONDS = 24 * 3600;
/** Verifiers keep the key set for five minutes (see the route); a new key is known everywhere well before it signs. */
const STAGED_SECONDS = 3600;
const ACTIVE_SECONDS = 30 * DAY_SECONDS;
/** On top of the longest token: processes notice a new active key within half a minute, and clocks differ. */
const GRACE_MARGIN_SECONDS = 600;

export function rotationTimes(tokenTtlSeconds: number): RotationTimes {
  return {
    activeSeconds: ACTIVE_SECONDS,
    stagedSeconds: STAGED_SECONDS,
    graceSeconds: tokenTtlSeconds + GRACE_MARGIN_SECONDS,
  };
}

/** Every command about credentials, with its collaborators. */
export function createCredentialCommands(
  dependencies: CredentialDependencies & { secrets: Secrets; keys: SigningKeyRing; issuer: string; audience: string },
): CredentialCommands {
  const { access, kernel, secrets } = dependencies;
  const ttlSeconds = kernel.configuration.tokenTtlSeconds;
  const named = {
    createServiceAccount: createCreateServiceAccount(dependencies),
    disableServiceAccount: createChangeServiceAccountState('disable', access),
    enableServiceAccount: createChangeServiceAccountState('enable', access),
    deleteServiceAccount: createChangeServiceAccountState('delete', access),
    createApiKey: createCreateApiKey(dependencies),
    issueToken: createIssueToken({ ...dependencies, ttlSeconds }),
    rotateSigningKeys: createRotateSigningKeys({ secrets, times: rotationTimes(ttlSeconds) }),
  };
  const all: readonly Command[] = [
    ...Object.values(named),
    registerUser,
    startSession,
    revokeOwnSession,
    revokeSession,
    createServiceAccountKey,
    revokeServiceAccountKey,
    revokeToken,
    revokeApiKey,
    revokeOwnApiKey,
    addOwnSshKey,
    addSshKey,
    removeOwnSshKey,
    removeSshKey,
  ] as readonly Command[];
  return { ...named, all };
}

export interface CredentialCommands {
  readonly createServiceAccount: ReturnType<typeof createCreateServiceAccount>;
  readonly disableServiceAccount: ReturnType<typeof createChangeServiceAccountState>;
  readonly enableServiceAccount: ReturnType<typeof createChangeServiceAccountState>;
  readonly deleteServiceAccount: ReturnType<typeof createChangeServiceAccountState>;
  readonly createApiKey: ReturnType<typeof createCreateApiKey>;
  readonly issueToken: ReturnType<typeof createIssueToken>;
  readonly rotateSigningKeys: ReturnType<typeof createRotateSigningKeys>;
  readonly all: readonly Command[];
}
