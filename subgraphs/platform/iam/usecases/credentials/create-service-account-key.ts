import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { serviceAccountKeyCreated } from '../../domain/credentials/credential-events.js';
import { isCovered } from '../../domain/credentials/allow-list.js';
import { clientPublicKey } from '../../domain/credentials/client-public-key.js';
import type { ServiceAccountState } from '../../domain/credentials/service-account-lifecycle.js';
import { CLIENT_SECRET_PREFIX, generateSecret } from '../../store/credentials/bearer-secret.js';
import { ServiceAccountKeyEntity } from '../../store/credentials/service-account-entity.js';
import { credentialName, expiryInput, expiryOf, scopeOfRow } from './credential-rules.js';

/** One in use and one to change over to: rotation with overlap, and no forgotten third. */
const ACTIVE_KEYS_MAXIMUM = 2;
const EXPIRY_DAYS = { default: 90, maximum: 365 };

/**
 * Gives a service account a key: a secret that is revealed once, or the public half of a key that the client keeps
 * (RFC 7523). Refuses a third active key, a limited credential that would exceed itself, an account that is not active, an expiry beyond a year.
 */
export const createServiceAccountKey = defineCommand({
  action: 'iam.service_account_key.create',
  input: z.object({
    serviceAccountId: z.string(),
    name: credentialName.default('key'),
    expiresAt: expiryInput,
    publicJwk: z.record(z.string(), z.unknown()).optional(),
    idempotencyKey,
  }),
  scope: ({ serviceAccountId }, lookup) => scopeOfRow(lookup, 'service_accounts', serviceAccountId),
  async run(context, input) {
    const { tx, now } = context;
    // The row is locked, so that two requests at once do not make a third key.
    const account = await tx.row<{
      state: ServiceAccountState;
      organization_id: string;
      project_id: string;
      allow_list: string[];
    }>(`select state, organization_id, project_id, allow_list from iam.service_accounts where id = $1 for update`, [
      input.serviceAccountId,
    ]);
    if (account === null || account.state !== 'active') {
      return refuse(
        'INVALID_STATE',
        `The service account is ${account?.state ?? 'gone'}; only an active one gets keys.`,
      );
    }
    // Whoever makes a key can be the account: a limited credential makes none of an account that is less limited.
    const { allowList } = context.actor;
    if (allowList !== undefined && !account.allow_list.every((pattern) => isCovered(pattern, allowList))) {
      return refuse('POLICY_DENIED', 'The service account is allowed more than your own credential is.');
    }
    const active = await tx.row<{ keys: bigint }>(
      `select count(*) as keys from iam.service_account_keys
       where service_account_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)`,
      [input.serviceAccountId, now],
    );
    if ((active?.keys ?? 0n) >= ACTIVE_KEYS_MAXIMUM) {
      return refuse(
        'LIMIT_REACHED',
        `A service account has at most ${ACTIVE_KEYS_MAXIMUM} active keys; revoke the old one first.`,
      );
    }
    const expiresAt = expiryOf(input.expiresAt, now, EXPIRY_DAYS);
    if ('ok' in expiresAt) return expiresAt;
    const publicKey = input.publicJwk === undefined ? null : clientPublicKey(input.publicJwk);
    if (publicKey !== null && 'fault' in publicKey) {
      return refuse('INVALID_INPUT', `publicJwk ${publicKey.fault}.`, { field: ['input', 'publicJwk'] });
    }
    const secret = publicKey === null ? generateSecret(CLIENT_SECRET_PREFIX) : null;
    const id = newId('sak');
    tx.em.create(ServiceAccountKeyEntity, {
      id,
      organizationId: account.organization_id,
      projectId: account.project_id,
      serviceAccountId: input.serviceAccountId,
      name: input.name,
      secretHash: secret?.hash ?? null,
      lastFour: secret?.lastFour ?? null,
      publicJwk: publicKey,
      createdAt: now,
      createdBy: context.actor.id,
      expiresAt,
      revokedAt: null,
      revokedBy: null,
    });
    context.describe({ type: 'ServiceAccountKey', id }, { serviceAccountId: input.serviceAccountId });
    context.emit(serviceAccountKeyCreated, {
      subjectId: id,
      scope: context.scope,
      data: { serviceAccountId: input.serviceAccountId, expiresAt: expiresAt.toISOString() },
    });
    return accept({ id }, secret === null ? {} : { reveal: secret.plaintext });
  },
});
