import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { type Command, defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { sessionRevoked } from '../../domain/credentials/credential-events.js';
import { AccountSessionEntity } from '../../store/credentials/account-session-entity.js';
import { recordRevocation } from '../../store/credentials/revocations.js';
import { personFault } from './credential-rules.js';

const input = z.object({
  id: z.string(),
  reason: z.string().trim().max(500, 'must have at most 500 characters').default('revoked by its owner'),
});

/** Ends a session here: none of its tokens is accepted any more. The session at the identity provider is its own. */
function createRevokeSession(isOwn: boolean): Command<typeof input, { id: string }> {
  return defineCommand({
    action: isOwn ? 'iam.session.revoke_own' : 'iam.session.revoke',
    input,
    isSelfService: isOwn,
    async scope({ id }, lookup, actor) {
      const row = await lookup.row<{ user_id: string }>('select user_id from iam.account_sessions where id = $1', [id]);
      return row === null || (isOwn && row.user_id !== actor.id) ? null : PLATFORM_SCOPE;
    },
    async run(context, { id, reason }) {
      const fault = isOwn ? personFault(context.actor) : null;
      if (fault !== null) return fault;
      const session = await context.tx.em.findOne(AccountSessionEntity, { id });
      if (session === null) return refuse('NOT_FOUND', `There is no session ${id}.`, { field: ['input', 'id'] });
      if (session.revokedAt !== null) return refuse('INVALID_STATE', 'The session was revoked before.');
      Object.assign(session, { revokedAt: context.now, revokedBy: context.actor.id, revokedReason: reason });
      await recordRevocation(context.tx, { subjectType: 'session', subjectId: id });
      context.describe({ type: 'Session', id }, { userId: session.userId });
      context.emit(sessionRevoked, { subjectId: id, scope: PLATFORM_SCOPE, data: { userId: session.userId, reason } });
      return accept({ id });
    },
  });
}

export const revokeOwnSession = createRevokeSession(true);
/** Ends a session of anybody. */
export const revokeSession = createRevokeSession(false);
