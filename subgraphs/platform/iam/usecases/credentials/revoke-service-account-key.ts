import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { serviceAccountKeyRevoked } from '../../domain/credentials/credential-events.js';
import { recordRevocation } from '../../store/credentials/revocations.js';
import { ServiceAccountKeyEntity } from '../../store/credentials/service-account-entity.js';
import { scopeOfRow } from './credential-rules.js';

/** Ends a key and every token that it minted. A second time changes nothing and is refused as such. */
export const revokeServiceAccountKey = defineCommand({
  action: 'iam.service_account_key.revoke',
  input: z.object({ id: z.string() }),
  scope: ({ id }, lookup) => scopeOfRow(lookup, 'service_account_keys', id),
  async run(context, { id }) {
    const key = await context.tx.em.findOne(ServiceAccountKeyEntity, { id });
    if (key === null) return refuse('NOT_FOUND', `There is no key ${id}.`, { field: ['input', 'id'] });
    if (key.revokedAt !== null) return refuse('INVALID_STATE', 'The key was revoked before.');
    Object.assign(key, { revokedAt: context.now, revokedBy: context.actor.id });
    await recordRevocation(context.tx, { subjectType: 'service_account_key', subjectId: id });
    context.describe({ type: 'ServiceAccountKey', id }, { serviceAccountId: key.serviceAccountId });
    context.emit(serviceAccountKeyRevoked, {
      subjectId: id,
      scope: context.scope,
      data: { serviceAccountId: key.serviceAccountId },
    });
    return accept({ id, serviceAccountId: key.serviceAccountId });
  },
});
