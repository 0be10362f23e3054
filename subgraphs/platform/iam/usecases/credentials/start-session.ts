import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { clientLabel } from '../../domain/credentials/client-label.js';
import { sessionStarted } from '../../domain/credentials/credential-events.js';

/**
 * Notes a sign-in that a verified token proves. Only {@link People} runs it, with the claims of that token; no mutation
 * leads here.
 */
export const startSession = defineCommand({
  action: 'iam.session.start',
  input: z.object({
    userId: z.string(),
    providerSessionId: z.string(),
    tokenId: z.string().nullable(),
    assurance: z.number(),
    authenticationContext: z.string().nullable(),
    authenticationMethods: z.array(z.string()),
    authenticatedAt: z.number().nullable(),
    expiresAt: z.number(),
    email: z.string().nullable(),
    displayName: z.string().nullable(),
  }),
  scope: () => PLATFORM_SCOPE,
  isSelfService: true,
  async run(context, input) {
    const { tx, actor, now } = context;
    const label = clientLabel(actor.userAgent);
    const newSessionId = newId('ses');
    const row = await tx.row<{ id: string; revoked_at: Date | null }>(
      `insert into iam.account_sessions (id, user_id, provider, provider_session_id, latest_token_id, assurance,
         authentication_context, authentication_methods, authenticated_at, device, browser, operating_system, ip,
         signed_in_at, last_seen_at, expires_at)
       values ($1, $2, 'oidc', $3, $4, $5, $6, $7, to_timestamp($8::double precision), $9, $10, $11, $12, $13, $13,
         to_timestamp($14::double precision))
       on conflict (user_id, provider, provider_session_id) do update set last_seen_at = excluded.last_seen_at
       returning id, revoked_at`,
      [
        newSessionId,
        input.userId,
        input.providerSessionId,
        input.tokenId,
        input.assurance,
        input.authenticationContext,
        input.authenticationMethods,
        input.authenticatedAt,
        label.device,
        label.browser,
        label.operatingSystem,
        actor.ip ?? null,
        now,
        input.expiresAt,
      ],
    );
    const id = row?.id ?? newSessionId;
    context.describe({ type: 'Session', id }, { assurance: input.assurance, device: label.device });
    if (id !== newSessionId) return accept({ id, isRevoked: row?.revoked_at !== null });
    await tx.execute(
      `update iam.users set email = coalesce($2, email), display_name = coalesce($3, display_name),
         first_signed_in_at = coalesce(first_signed_in_at, $4), last_signed_in_at = $4
       where id = $1`,
      [input.userId, input.email, input.displayName, now],
    );
    context.emit(sessionStarted, {
      subjectId: id,
      scope: PLATFORM_SCOPE,
      data: { userId: input.userId, assurance: input.assurance },
    });
    return accept({ id, isRevoked: false });
  },
});
