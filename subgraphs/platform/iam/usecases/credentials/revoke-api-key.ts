import { z } from 'zod';
import { type Command, defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { apiKeyRevoked } from '../../domain/credentials/credential-events.js';
import { ApiKeyEntity } from '../../store/credentials/api-key-entity.js';
import { recordRevocation } from '../../store/credentials/revocations.js';
import { projectScope } from './credential-rules.js';

const input = z.object({ id: z.string() });

function createRevokeApiKey(isOwn: boolean): Command<typeof input, { id: string }> {
  return defineCommand({
    action: isOwn ? 'iam.api_key.revoke_own' : 'iam.api_key.revoke',
    input,
    isSelfService: isOwn,
    async scope({ id }, lookup, actor) {
      const row = await lookup.row<{ project_id: string; organization_id: string; owner_id: string }>(
        'select project_id, organization_id, owner_id from iam.api_keys where id = $1',
        [id],
      );
      if (row === null || (isOwn && row.owner_id !== actor.id)) return null;
      return projectScope(row);
    },
    async run(context, { id }) {
      const key = await context.tx.em.findOne(ApiKeyEntity, { id });
      if (key === null) return refuse('NOT_FOUND', `There is no API key ${id}.`, { field: ['input', 'id'] });
      if (key.revokedAt !== null) return refuse('INVALID_STATE', 'The API key was revoked before.');
      Object.assign(key, { revokedAt: context.now, revokedBy: context.actor.id });
      await recordRevocation(context.tx, { subjectType: 'api_key', subjectId: id });
      context.describe({ type: 'ApiKey', id }, { ownerId: key.ownerId });
      context.emit(apiKeyRevoked, { subjectId: id, scope: context.scope, data: { ownerId: key.ownerId } });
      return accept({ id });
    },
  });
}

/** Ends a key of anybody in the project. */
export const revokeApiKey = createRevokeApiKey(false);
/** Ends a key that acts for the caller; a key may also end itself. */
export const revokeOwnApiKey = createRevokeApiKey(true);
