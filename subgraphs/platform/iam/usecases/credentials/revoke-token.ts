import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept } from '../../../../../kernel/errors/refusal.js';
import { tokenRevoked } from '../../domain/credentials/credential-events.js';
import { recordRevocation } from '../../store/credentials/revocations.js';
import { scopeOfRow } from './credential-rules.js';

/** Ends one of the caller's own access tokens (RFC 7009). The endpoint has checked that the token is the caller's. */
export const revokeToken = defineCommand({
  action: 'iam.token.revoke',
  input: z.object({ clientId: z.string(), tokenId: z.string(), expiresAtSeconds: z.number() }),
  scope: ({ clientId }, lookup) => scopeOfRow(lookup, 'service_account_keys', clientId),
  isSelfService: true,
  async run(context, { tokenId, expiresAtSeconds }) {
    // Some seconds more than the token lives, because clocks differ.
    const forgetAt = new Date((expiresAtSeconds + 60) * 1000);
    await recordRevocation(context.tx, { subjectType: 'token', subjectId: tokenId, forgetAt });
    context.describe({ type: 'ServiceAccount', id: context.actor.id }, { jti: tokenId });
    context.emit(tokenRevoked, { subjectId: context.actor.id, scope: context.scope, data: { tokenId } });
    return accept({ tokenId });
  },
});
