import { z } from 'zod';
import { type Command, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { Registry } from '../../../registry/index.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import { apiKeyCreated } from '../../domain/credentials/credential-events.js';
import { ApiKeyEntity } from '../../store/credentials/api-key-entity.js';
import { API_KEY_PREFIX, generateSecret } from '../../store/credentials/bearer-secret.js';
import { allowListFault, allowListInput, credentialName, expiryInput, expiryOf } from './credential-rules.js';

const KEYS_PER_OWNER_MAXIMUM = 50;
const EXPIRY_DAYS = { default: 365, maximum: 730 };

const input = z.object({
  projectId: z.string(),
  name: credentialName,
  allowList: allowListInput.default(['token_factory.*']),
  expiresAt: expiryInput,
  idempotencyKey,
});

/**
 * Makes an API key that acts for the caller inside one project. It is revealed once. Refuses to be made with another API
 * key, in an archived project, beyond the caller's own credential, and a 51st key.
 */
export function createCreateApiKey(dependencies: {
  access: PrincipalAccess;
  registry: Registry;
}): Command<typeof input, { id: string }> {
  const { access, registry } = dependencies;
  return defineCommand({
    action: 'iam.api_key.create',
    input,
    scope: async ({ projectId }) => (await access.project(projectId))?.scope ?? null,
    async run(context, values) {
      const { tx, actor, now } = context;
      if (actor.kind !== 'human' && actor.kind !== 'service_account') {
        return refuse(
          'POLICY_DENIED',
          'An API key acts for a person or a service account, and only they can make one.',
        );
      }
      const place = await access.project(values.projectId);
      if (place === null || !place.isActive) {
        return refuse('INVALID_STATE', 'The project is archived; nothing new starts in it.', {
          field: ['input', 'projectId'],
        });
      }
      const fault = allowListFault(values.allowList, registry, actor);
      if (fault !== null) return fault;
      const expiresAt = expiryOf(values.expiresAt, now, EXPIRY_DAYS);
      if ('ok' in expiresAt) return expiresAt;
      const live = await tx.row<{ keys: bigint }>(
        'select count(*) as keys from iam.api_keys where project_id = $1 and owner_id = $2 and revoked_at is null',
        [values.projectId, actor.id],
      );
      if ((live?.keys ?? 0n) >= KEYS_PER_OWNER_MAXIMUM) {
        return refuse(
          'LIMIT_REACHED',
          `You have ${KEYS_PER_OWNER_MAXIMUM} API keys in this project; revoke one first.`,
        );
      }
      const secret = generateSecret(API_KEY_PREFIX);
      const id = newId('apk');
      tx.em.create(ApiKeyEntity, {
        id,
        organizationId: place.organizationId,
        projectId: place.projectId,
        ownerId: actor.id,
        ownerName: actor.displayName,
        name: values.name,
        keyHash: secret.hash,
        prefix: secret.prefix,
        lastFour: secret.lastFour,
        allowList: values.allowList,
        createdAt: now,
        expiresAt,
        revokedAt: null,
        revokedBy: null,
      });
      context.describe({ type: 'ApiKey', id }, { permissions: values.allowList });
      context.emit(apiKeyCreated, {
        subjectId: id,
        scope: place.scope,
        data: { ownerId: actor.id, expiresAt: expiresAt.toISOString() },
      });
      return accept({ id }, { reveal: secret.plaintext });
    },
  });
}
